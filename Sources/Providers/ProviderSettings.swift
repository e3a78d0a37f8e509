public import Logging

/// What it takes to talk to a provider.
public struct ProviderSettings: Sendable {
    /// The name in the catalogue and in the price table.
    public var name: String
    public var url: ProviderURL
    /// Nil for servers that want none.
    public var key: Secret?
    /// More headers of every request.
    public var headers: [String: Secret]
    public var timeouts: ProviderTimeouts
    public var retry: RetryPolicy
    public var structuredOutput: StructuredOutput
    public var logger: Logger

    public init(
        name: String, url: ProviderURL, key: Secret? = nil, headers: [String: Secret] = [:],
        timeouts: ProviderTimeouts = ProviderTimeouts(), retry: RetryPolicy = RetryPolicy(),
        structuredOutput: StructuredOutput = .native, logger: Logger = Logger(label: "agentcorp.providers")
    ) {
        self.name = name
        self.url = url
        self.key = key
        self.headers = headers
        self.timeouts = timeouts
        self.retry = retry
        self.structuredOutput = structuredOutput
        self.logger = logger
    }
}
