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

/// A server that is a program of ours, spoken with over its standard input and output.
public struct MCPCommand: Sendable, Hashable {
    /// The program, looked up on PATH unless it has a slash, and its arguments.
    public var argv: [String]
    /// Variables of its environment.
    public var environment: [String: MCPSetting] = [:]
    /// The names of variables of our own environment that it gets too.
    public var inherited: [String] = []
    public var directory: String?

    public init(_ argv: [String]) {
        self.argv = argv
    }
}

/// A server at an address, spoken with over streamable HTTP.
public struct MCPEndpoint: Sendable, Hashable {
    /// https, or http on this machine.
    public var url: String
    /// Sent with every request.
    public var headers: [String: MCPSetting] = [:]
    /// The bearer token.
    public var token: MCPSetting?

    public init(_ url: String) {
        self.url = url
    }
}
