/// How to reach a server, and what its tools may do.
public struct MCPServerConfiguration: Sendable, Hashable {
    public enum Transport: Sendable, Hashable {
        case command(MCPCommand)
        case endpoint(MCPEndpoint)
    }

    /// Stands before the names of its tools: letters, digits, `_` and `-`.
    public var name: String
    public var transport: Transport
    /// The only tools that are offered; nil: all of them.
    public var allowedTools: Set<String>?
    /// The effects of tools by name, in the words `pure`, `idempotent` and `once`.
    public var effects: [String: String] = [:]
    /// The digests of tools (``MCPTool/digest``) that have been approved, by name.
    public var pins: [String: String] = [:]
    /// How long a request may go without an answer or a report of progress.
    public var timeout: Duration = .seconds(60)
    /// How long a request may take in all.
    public var maximumTime: Duration = .seconds(600)
    /// How long the server may take to be ready.
    public var startTimeout: Duration = .seconds(30)
    /// How long a connection that nobody uses is kept.
    public var idleTime: Duration = .seconds(300)
    /// The most bytes of one message.
    public var maximumMessage = 8 << 20

    public init(name: String, transport: Transport) {
        self.name = name
        self.transport = transport
    }
}
