public import JSON
public import Logging

/// One call of a tool, as the tool sees it.
public struct ToolCall: Sendable {
    /// An object that the tool's schema has accepted.
    public let arguments: JSONValue
    /// The same for every run of this call, a UUID: the idempotency key of effects outside.
    public let key: String
    /// What the agent may touch.
    public let context: ToolExecutionContext
    /// Who calls: for tools that reach back into the engine. Nil outside an agent's task.
    public let scope: (any ToolScope)?
    /// The W3C trace that the call is part of; for tools that reach out of the process.
    public let traceparent: String?
    public let logger: Logger

    public init(
        arguments: JSONValue, key: String, context: ToolExecutionContext, scope: (any ToolScope)? = nil,
        traceparent: String? = nil, logger: Logger
    ) {
        self.arguments = arguments
        self.key = key
        self.context = context
        self.scope = scope
        self.traceparent = traceparent
        self.logger = logger
    }
}

/// What an engine hands to its own tools through a call.
public protocol ToolScope: Sendable {}
