/// The functions that an expression may call.
enum ExpressionFunction: String, Sendable, CaseIterable {
    case len, has, `default`, any, all, join, json

    var arity: ClosedRange<Int> {
        switch self {
        case .len, .json: 1...1
        case .has, .default, .join: 2...2
        case .any, .all: 1...2
        }
    }

    /// How it is called, for messages.
    var usage: String {
        switch self {
        case .len: "len(value)"
        case .has: "has(value, key)"
        case .default: "default(value, otherwise)"
        case .any: "any(array) or any(array, key)"
        case .all: "all(array) or all(array, key)"
        case .join: "join(array, separator)"
        case .json: "json(value)"
        }
    }
}
