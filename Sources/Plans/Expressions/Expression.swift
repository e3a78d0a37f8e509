public import JSON

/// An expression of a plan: total, without effects, bounded in work.
public struct Expression: Sendable, Hashable {
    public let text: String
    /// The first names of the paths in it: `input`, ids of tasks, `item` and so on.
    public let roots: Set<String>

    public init(_ text: String) throws(ExpressionError) {
        throw ExpressionError(message: "not yet", offset: 0)
    }

    /// Null where a path leads nowhere, and where an operator does not apply.
    public func value(in scope: [String: JSONValue]) -> JSONValue { .null }

    /// Everything but false and null holds.
    public func holds(in scope: [String: JSONValue]) -> Bool { false }

    /// What each path in it led to, as the history keeps it.
    public func operands(in scope: [String: JSONValue]) -> [String: JSONValue] { [:] }
}

public struct ExpressionError: Error, Sendable, Hashable {
    public let message: String
    /// In UTF-8 bytes from the beginning of the text.
    public let offset: Int
}
