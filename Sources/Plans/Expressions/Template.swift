public import JSON

/// A string with expressions in it, `{{ ... }}`. A whole one keeps the type of the value.
public struct Template: Sendable, Hashable {
    public let text: String
    public let roots: Set<String>
    /// Nothing is to be filled in.
    public let isConstant: Bool

    public init(_ text: String) throws(ExpressionError) {
        throw ExpressionError(message: "not yet", offset: 0)
    }

    public func value(in scope: [String: JSONValue]) -> JSONValue { .null }

    /// The value as text: strings as they are, null as nothing, all else as JSON.
    public func string(in scope: [String: JSONValue]) -> String { "" }
}

/// JSON whose strings are templates, at any depth.
public struct TemplateValue: Sendable, Hashable {
    public let json: JSONValue
    public let roots: Set<String>
    public let isConstant: Bool

    /// Throws with a JSON pointer to the string.
    public init(_ json: JSONValue) throws(TemplateError) {
        throw TemplateError(pointer: "", error: ExpressionError(message: "not yet", offset: 0))
    }

    public func value(in scope: [String: JSONValue]) -> JSONValue { .null }
}

public struct TemplateError: Error, Sendable, Hashable {
    public let pointer: String
    public let error: ExpressionError
}
