/// How busy a pool is at one moment.
public struct PostgresPoolMetrics: Sendable, Equatable {
    /// The most connections it may have.
    public let size: Int
    /// Connections that nobody uses.
    public let idle: Int
    /// Connections that are lent, or being made for somebody.
    public let leased: Int
    /// Tasks that wait for a connection.
    public let waiting: Int

    public init(size: Int, idle: Int, leased: Int, waiting: Int) {
        self.size = size
        self.idle = idle
        self.leased = leased
        self.waiting = waiting
    }
}
