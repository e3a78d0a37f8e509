internal import JSON

extension JSONValue {
    var array: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    var object: [String: JSONValue]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    /// A count: a whole number that is not negative. Servers write -1 for what they do not know.
    var count: Int? {
        switch self {
        case .integer(let value) where value >= 0: Int(value)
        case .number(let value) where value >= 0 && value < 1e15: Int(value)
        default: nil
        }
    }
}
