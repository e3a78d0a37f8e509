internal import JSON

extension JSONValue {
    /// A count: a whole number that is not negative. Servers write -1 for what they do not know.
    var count: Int? {
        switch self {
        case .integer(let value) where value >= 0: Int(value)
        case .number(let value) where value >= 0 && value < 1e15: Int(value)
        default: nil
        }
    }
}
