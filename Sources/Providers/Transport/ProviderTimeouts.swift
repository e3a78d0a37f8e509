/// How long a provider waits. Connections that do not come about in 5 seconds have failed.
public struct ProviderTimeouts: Sendable, Hashable {
    /// For a whole answer, with all requests and pauses that it takes.
    public var total: Duration
    /// Between two pieces of an answer, and before the first.
    public var idle: Duration

    public init(total: Duration = .seconds(600), idle: Duration = .seconds(120)) {
        self.total = total
        self.idle = idle
    }
}
