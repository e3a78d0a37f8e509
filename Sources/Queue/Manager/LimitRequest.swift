/// What a limit is to be. At least one of concurrency and rate is needed.
public struct LimitRequest: Sendable {
    /// How many tasks may run at once, across the whole fleet.
    public var concurrency: Int?
    /// How many tasks may start in each `per`.
    public var rate: Int?
    /// A millisecond to a year.
    public var per: Duration = .seconds(1)
    /// How many may start at once after a quiet time; by default as many as the rate.
    public var burst: Int?

    public init(concurrency: Int? = nil, rate: Int? = nil, per: Duration = .seconds(1), burst: Int? = nil) {
        self.concurrency = concurrency
        self.rate = rate
        self.per = per
        self.burst = burst
    }
}
