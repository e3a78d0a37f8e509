/// How a server of webhooks works, and what it refuses.
public struct WebhookConfiguration: Sendable {
    /// An address of this machine; loopback unless a proxy is elsewhere.
    public var host = "127.0.0.1"
    /// 0: any that is free.
    public var port = 8484
    /// The largest body in bytes; larger ones are answered with 413.
    public var maxBody = 1 << 20
    /// How many bytes of bodies are held at once; beyond them, requests are answered with 429.
    public var maxHeld = 128 << 20
    /// How many clients are connected at once; others wait to be accepted.
    public var maxConnections = 1_000
    /// How many requests wait for the database at once; others are answered with 429.
    public var maxPending = 500
    /// How long a client may take from its connection, or from its last answer, until its request is there.
    public var requestTimeout: Duration = .seconds(15)
    /// How long the database may take.
    public var databaseTimeout: Duration = .seconds(10)
    /// How far the time of a signature may be from that of this machine.
    public var tolerance: Duration = .seconds(300)
    /// How long requests under way may take when the server is to stop.
    public var grace: Duration = .seconds(10)

    public init() {}
}
