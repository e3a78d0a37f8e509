internal import JSON

/// Reads an object of settings, whose values may be given as strings, and notes which of them it was asked for.
struct ContextSettings {
    private let members: [String: JSONValue]
    /// Where the object stands: `context_settings`, `context_settings.commands`.
    private let place: String
    private var known: [String] = []

    init(_ value: JSONValue, at place: String) throws {
        guard case .object(let members) = value else {
            throw ContextSettingsError("\(place) must be an object")
        }
        self.members = members
        self.place = place
    }

    /// The value of a field, or of its alias; null counts as absent.
    mutating func value(_ names: String...) throws -> (name: String, value: JSONValue)? {
        known += names
        let given = names.compactMap { name in members[name].map { (name, $0) } }.filter { $0.1 != .null }
        if given.count > 1, given[0].1 != given[1].1 {
            throw ContextSettingsError("\(place) has both \(given[0].0) and \(given[1].0), which mean the same")
        }
        return given.first
    }

    mutating func string(_ name: String) throws -> String? {
        guard let (_, value) = try value(name) else { return nil }
        guard let text = value.string else { throw mistake(name, "must be a string") }
        return text
    }

    mutating func bool(_ name: String) throws -> Bool? {
        switch try value(name)?.value {
        case nil: return nil
        case .bool(let value): return value
        case .string("true"), .string("True"): return true
        case .string("false"), .string("False"): return false
        default: throw mistake(name, "must be true or false")
        }
    }

    mutating func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let (_, value) = try value(name) else { return nil }
        let number: Int? =
            switch value {
            case .integer(let number): Int(number)
            case .string(let text): Int(text)
            default: nil
            }
        guard let number, range.contains(number) else {
            throw mistake(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// An array of strings, or one string of words with commas between them.
    mutating func strings(_ name: String) throws -> [String]? {
        switch try value(name)?.value {
        case nil: return nil
        case .string(let text):
            return text.split { $0 == "," || $0 == " " }.map(String.init)
        case .array(let values):
            return try values.map { value in
                guard let text = value.string, !text.isEmpty else { throw mistake(name, "must hold strings only") }
                return text
            }
        default: throw mistake(name, "must be an array of strings")
        }
    }

    func mistake(_ name: String, _ message: String) -> ContextSettingsError {
        ContextSettingsError("\(place).\(name) \(message)")
    }

    /// Refuses what nobody asked for: a mistyped restriction must not be silently none.
    func refuseOthers() throws {
        for name in members.keys.sorted() where !known.contains(name) {
            let hint = Spelling.nearest(to: name, in: known).map { "; did you mean \"\($0)\"?" } ?? ""
            throw ContextSettingsError("\(place) has no field \"\(name)\"\(hint)")
        }
    }
}

/// A mistake in the settings of a `ToolExecutionContext`: names the field.
public struct ContextSettingsError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
