package import JSON

/// Reads the members of a JSON object one by one. What does not fit is noted, and reads as absent; so does null.
package struct DocumentFields {
    package let members: [String: JSONValue]
    package let pointer: String
    package let issues: IssueList
    private var known: [String] = []

    package init(_ members: [String: JSONValue], at pointer: String, _ issues: IssueList) {
        self.members = members
        self.pointer = pointer
        self.issues = issues
    }

    /// The members of an object. Anything else is noted.
    package init?(_ value: JSONValue, at pointer: String, _ issues: IssueList, advice: String) {
        guard case .object(let members) = value else {
            issues.add(pointer, "\(Self.kind(value)) instead of an object", advice)
            return nil
        }
        self.init(members, at: pointer, issues)
    }

    /// A name as a JSON pointer has it.
    package static func escaped(_ name: String) -> String {
        JSONPointer.escape(name)
    }

    /// - Parameter place: A member, or what lies below one, as `tools/2`.
    package func wrong(_ place: String, _ message: String, _ advice: String = "") {
        issues.add("\(pointer)/\(place)", message, advice)
    }

    package mutating func value(_ name: String) -> JSONValue? {
        known.append(name)
        // A bare nil would be the JSON value null.
        guard let value = members[name], value != .null else { return Optional.none }
        return value
    }

    package mutating func text(_ name: String, longest: Int) -> String? {
        guard let value = value(name) else { return nil }
        guard let text = value.string else {
            wrong(name, "\(Self.kind(value)) instead of a string")
            return nil
        }
        guard (1...longest).contains(text.unicodeScalars.count) else {
            wrong(
                name, text.isEmpty ? "is empty" : "has over \(longest) characters",
                "Leave it out, or write something shorter.")
            return nil
        }
        return text
    }

    /// An array of strings that differ.
    package mutating func texts(_ name: String, longest: Int, atMost count: Int) -> [String] {
        guard let value = value(name) else { return [] }
        guard case .array(let elements) = value else {
            wrong(name, "\(Self.kind(value)) instead of an array of strings", "Write [\"...\"].")
            return []
        }
        guard elements.count <= count else {
            wrong(name, "has \(elements.count) elements; at most \(count) are possible")
            return []
        }
        var texts: [String] = []
        var known: Set<String> = []
        for (index, element) in elements.enumerated() {
            guard let text = element.string, !text.isEmpty else {
                wrong("\(name)/\(index)", "\(Self.kind(element)) instead of a word")
                continue
            }
            if text.unicodeScalars.count > longest {
                wrong("\(name)/\(index)", "has over \(longest) characters")
            } else if !known.insert(text).inserted {
                wrong("\(name)/\(index)", "\"\(text)\" is there twice", "Name it once.")
            } else {
                texts.append(text)
            }
        }
        return texts
    }

    package mutating func integer(_ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = value(name) else { return nil }
        guard case .integer(let number) = value, let number = Int(exactly: number), range.contains(number) else {
            wrong(name, "\(Self.shown(value)) is not a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    package mutating func number(_ name: String, in range: ClosedRange<Double>) -> Double? {
        guard let value = value(name) else { return nil }
        guard let number = value.double, range.contains(number) else {
            let most =
                range.upperBound == range.upperBound.rounded() ? "\(Int(range.upperBound))" : "\(range.upperBound)"
            wrong(name, "\(Self.shown(value)) is not a number from \(Int(range.lowerBound)) to \(most)")
            return nil
        }
        return number
    }

    package mutating func word<Word: RawRepresentable & CaseIterable>(_ name: String, of: Word.Type) -> Word?
    where Word.RawValue == String {
        value(name).flatMap { word($0, at: name) }
    }

    package func word<Word: RawRepresentable & CaseIterable>(_ value: JSONValue, at name: String) -> Word?
    where Word.RawValue == String {
        if let word = value.string.flatMap(Word.init(rawValue:)) { return word }
        let words = Word.allCases.map(\.rawValue)
        let guess =
            value.string.flatMap { Spelling.nearest(to: $0, in: words) }.map { "Did you mean \"\($0)\"? " } ?? ""
        wrong(name, "\(Self.shown(value)) is not understood", guess + "There are \(words.joined(separator: ", ")).")
        return nil
    }

    /// Notes the members that nobody has asked for.
    package func refuseOthers(_ others: (String) -> String? = { _ in nil }) {
        for name in members.keys.sorted() where !known.contains(name) {
            let shown = Self.shown(.string(name))
            let advice =
                others(name) ?? Spelling.nearest(to: name, in: known).map { "Did you mean \"\($0)\"?" }
                ?? "Known fields: \(Set(known).sorted().joined(separator: ", "))."
            wrong(Self.escaped(name), "unknown field \(shown)", advice)
        }
    }

    package static func kind(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool: "a truth value"
        case .integer, .number: "a number"
        case .string(let text): text.isEmpty ? "an empty string" : "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// A value for a message: short, on one line.
    package static func shown(_ value: JSONValue) -> String {
        let text = value.text
        return text.count <= 60 ? text : text.prefix(60) + "..."
    }
}
