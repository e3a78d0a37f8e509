public import JSON

/// What a call of a tool came to.
public enum MCPCallOutcome: Sendable, Hashable {
    case complete(MCPCallResult)
    /// The server needs answers first; the same call is then made again with them.
    case inputRequired(MCPInputRequest)
}

/// The result of a tool.
public struct MCPCallResult: Sendable, Hashable {
    public let content: [MCPContent]
    public let structuredContent: JSONValue?
    /// The tool has failed, and says so to the model.
    public let isError: Bool

    public init(content: [MCPContent], structuredContent: JSONValue? = nil, isError: Bool = false) {
        self.content = content
        self.structuredContent = structuredContent
        self.isError = isError
    }
}

/// What a server asks before it can complete a call.
public struct MCPInputRequest: Sendable, Hashable {
    /// By a name that the answers repeat: each a `method` and its `params`.
    public let requests: [String: JSONValue]
    /// To be sent back as it is.
    public let state: String?
}

/// The answers to an `MCPInputRequest`.
public struct MCPInputResponses: Sendable, Hashable {
    public let responses: [String: JSONValue]
    public let state: String?

    public init(_ responses: [String: JSONValue], state: String?) {
        self.responses = responses
        self.state = state
    }
}
