/// When a failed request is made again, and after what pause: as the providers' own clients do it.
public struct RetryPolicy: Sendable, Hashable {
    /// How many times a request is made again.
    public var retries: Int
    /// A longer pause is not waited for: the error is thrown with `retryAfter`, so that the caller can free its worker.
    public var longestWait: Duration

    public init(retries: Int = 2, longestWait: Duration = .seconds(5)) {
        self.retries = retries
        self.longestWait = longestWait
    }

    /// The pause before the next request when the server asks for none: half a second, doubled each time up to eight
    /// seconds, less up to a quarter by chance.
    ///
    /// - Parameters:
    ///   - attempt: 0 for the first pause.
    ///   - random: From 0 to 1.
    public func backoff(attempt: Int, random: Double) -> Duration {
        let seconds = min(0.5 * Double(1 << min(attempt, 10)), 8)
        return .milliseconds(Int64((seconds * (1 - 0.25 * random) * 1000).rounded()))
    }
}
