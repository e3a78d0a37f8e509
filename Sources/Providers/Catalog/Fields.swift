internal import JSON

/// The fields of an object in a file that a person wrote, each taken with a check. All throw
/// `ProviderConfigurationError` that names the place.
struct Fields {
    let place: String
    private let members: [String: JSONValue]

    /// - Parameter known: The fields that there may be.
    init(_ value: JSONValue, at place: String, known: [String]) throws {
        guard case .object(let members) = value else {
            throw ProviderConfigurationError("\(place) must be an object, not \(value.text.prefix(80))")
        }
        self.place = place
        self.members = members
        for name in members.keys.sorted() where !known.contains(name) && name != "comment" {
            let guess = Spelling.nearest(to: name, in: known).map { "; did you mean \"\($0)\"?" } ?? "."
            throw ProviderConfigurationError(
                "\(place) has an unknown field \"\(name)\"\(guess) Known are \(known.joined(separator: ", "))")
        }
    }

    func value(_ name: String) -> JSONValue? {
        guard let value = members[name], value != .null else { return nil }
        return value
    }

    private func mistake(_ name: String, _ reason: String) -> ProviderConfigurationError {
        ProviderConfigurationError(
            "\(place).\(name) must be \(reason), not \(members[name]?.text.prefix(80) ?? "null")")
    }

    func string(_ name: String) throws -> String? {
        guard let value = value(name) else { return nil }
        guard let text = value.string else { throw mistake(name, "a string") }
        return text
    }

    func bool(_ name: String) throws -> Bool? {
        guard let value = value(name) else { return nil }
        guard case .bool(let flag) = value else { throw mistake(name, "true or false") }
        return flag
    }

    func object(_ name: String) throws -> [String: JSONValue]? {
        guard let value = value(name) else { return nil }
        guard let members = value.object else { throw mistake(name, "an object") }
        return members
    }

    func array(_ name: String) throws -> [JSONValue]? {
        guard let value = value(name) else { return nil }
        guard let elements = value.array else { throw mistake(name, "an array") }
        return elements
    }

    func fields(_ name: String, known: [String]) throws -> Fields? {
        try value(name).map { try Fields($0, at: "\(place).\(name)", known: known) }
    }

    func count(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let value = value(name) else { return nil }
        guard let number = value.count, range.contains(number) else {
            throw mistake(name, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func seconds(_ name: String) throws -> Duration? {
        guard let value = value(name) else { return nil }
        let seconds: Double
        switch value {
        case .integer(let whole): seconds = Double(whole)
        case .number(let number): seconds = number
        default: throw mistake(name, "a number of seconds")
        }
        guard seconds >= 0, seconds <= 86_400 else { throw mistake(name, "from 0 to 86400 seconds") }
        return .milliseconds(Int64(seconds * 1000))
    }

    func word<Word: RawRepresentable & CaseIterable>(_ name: String) throws -> Word? where Word.RawValue == String {
        guard let text = try string(name) else { return nil }
        guard let word = Word(rawValue: text) else {
            throw mistake(name, "one of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return word
    }
}
