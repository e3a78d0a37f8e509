/// Reads the members of a JSON object one by one, each with a check. What does not fit is thrown, in the words of
/// whoever wrote the JSON; null is as good as nothing.
package struct JSONFields {
    /// Where the object stands, for messages.
    package let place: String
    private let members: [String: JSONValue]
    private let readsScalars: Bool
    private let complain: (_ field: String, _ what: String) -> any Error

    /// - Parameters:
    ///   - known: The members that there may be; nil: any.
    ///   - readsScalars: Whether numbers and truth values count as strings, as they are written, in arrays and objects of
    ///     strings: a template of a plan may have made them.
    ///   - complain: Makes the error of a field, of a text such as "must be a string".
    ///   - unknown: Makes the error of a member that is not known, of the one that was meant, perhaps.
    package init(
        _ members: [String: JSONValue], at place: String, known: [String]?, readsScalars: Bool = false,
        complain: @escaping (_ field: String, _ what: String) -> any Error,
        unknown: (_ field: String, _ meant: String?) -> any Error
    ) throws {
        self.place = place
        self.members = members
        self.readsScalars = readsScalars
        self.complain = complain
        guard let known else { return }
        for name in members.keys.sorted() where !known.contains(name) {
            throw unknown(name, Spelling.nearest(to: name, in: known))
        }
    }

    /// The error of a field.
    ///
    /// - Parameter what: Such as "must be a string".
    package func mistake(_ field: String, _ what: String) -> any Error { complain(field, what) }

    package func value(_ field: String) -> JSONValue? {
        guard let value = members[field], value != .null else { return nil }
        return value
    }

    package func string(_ field: String) throws -> String? {
        guard let value = value(field) else { return nil }
        guard let text = value.string else { throw mistake(field, "must be a string") }
        return text
    }

    /// One of a few words.
    package func word<Word: RawRepresentable & CaseIterable>(
        _ field: String, as type: Word.Type = Word.self
    ) throws -> Word? where Word.RawValue == String {
        guard let text = try string(field) else { return nil }
        guard let word = Word(rawValue: text) else {
            let all = Word.allCases.map(\.rawValue)
            let hint = Spelling.nearest(to: text, in: all).map { "; did you mean \"\($0)\"?" } ?? ""
            throw mistake(field, "must be one of \(all.joined(separator: ", "))\(hint)")
        }
        return word
    }

    package func bool(_ field: String) throws -> Bool? {
        guard let value = value(field) else { return nil }
        guard case .bool(let flag) = value else { throw mistake(field, "must be true or false") }
        return flag
    }

    package func integer(_ field: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let value = value(field) else { return nil }
        let number: Int? =
            switch value {
            case .integer(let number): Int(exactly: number)
            case .number(let number): Int(exactly: number)
            default: nil
            }
        guard let number, range.contains(number) else {
            throw mistake(field, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    package func number(_ field: String, in range: ClosedRange<Double>) throws -> Double? {
        try number(field, in: range, "number")
    }

    /// At most a day, as a number of seconds.
    package func seconds(_ field: String, from least: Double = 0) throws -> Duration? {
        try number(field, in: least...86_400, "number of seconds").map { .seconds($0) }
    }

    private func number(_ field: String, in range: ClosedRange<Double>, _ what: String) throws -> Double? {
        guard let value = value(field) else { return nil }
        guard let number = value.double, range.contains(number) else {
            let bounds = [range.lowerBound, range.upperBound].map { bound in
                Int(exactly: bound).map { "\($0)" } ?? "\(bound)"
            }
            throw mistake(field, "must be a \(what) from \(bounds[0]) to \(bounds[1])")
        }
        return number
    }

    package func array(_ field: String) throws -> [JSONValue]? {
        guard let value = value(field) else { return nil }
        guard case .array(let elements) = value else { throw mistake(field, "must be an array") }
        return elements
    }

    package func strings(_ field: String) throws -> [String]? {
        try array(field)?.enumerated().map { index, element in
            guard let text = text(element) else {
                throw mistake(field, "must hold strings only; element \(index) is \(Self.kind(element))")
            }
            return text
        }
    }

    package func object(_ field: String) throws -> [String: JSONValue]? {
        guard let value = value(field) else { return nil }
        guard case .object(let members) = value else { throw mistake(field, "must be an object") }
        return members
    }

    /// An object with strings as values.
    package func dictionary(_ field: String) throws -> [String: String]? {
        guard let members = try object(field) else { return nil }
        return try Dictionary(
            uniqueKeysWithValues: members.map { name, value in
                guard let text = text(value) else {
                    throw mistake(field, "must be an object of strings; \"\(name)\" is \(Self.kind(value))")
                }
                return (name, text)
            })
    }

    private func text(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): text
        case .integer, .number, .bool: readsScalars ? value.text : nil
        case .null, .array, .object: nil
        }
    }

    private static func kind(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool: "a truth value"
        case .integer, .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
