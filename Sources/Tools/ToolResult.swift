public import JSON

/// What a tool call came to.
public struct ToolResult: Sendable, Hashable {
    /// What the model is told: a string as it stands, anything else as JSON.
    public var content: JSONValue
    /// Whether the model is told that it failed.
    public var isError: Bool
    /// Whether it holds something from outside, beyond what the tool says of itself.
    public var isTainted: Bool

    public init(_ content: JSONValue, isError: Bool = false, isTainted: Bool = false) {
        self.content = content
        self.isError = isError
        self.isTainted = isTainted
    }
}

/// Whether an interrupted call took place.
public enum ToolVerification: Sendable, Hashable {
    case happened(ToolResult)
    case didNotHappen
    case unknown
}

/// Thrown by a tool of the engine whose call is not over, and runs again later: it passes through `Tool.run`.
public protocol ToolPause: Error {}

/// A mistake that the model is told about, so that it can do better: says what, where, and what to do.
public struct ToolError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}
