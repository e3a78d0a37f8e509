/// When a failed request is made again, and after what pause: as the providers' own clients do it.
///
/// Made again are requests without an answer, and those with status 408, 409, 429 or 500 and above; a header
/// `x-should-retry` decides otherwise. The pause is what the headers `retry-after-ms` and `retry-after` demand, else half
/// a second, doubled each time up to eight seconds, less up to a quarter by chance.
public struct RetryPolicy: Sendable, Hashable {
    /// How many times a request is made again.
    public var retries: Int
    /// When a server demands a longer pause, the error is thrown with `retryAfter`, so that the caller can free its
    /// worker.
    public var longestWait: Duration

    public init(retries: Int = 2, longestWait: Duration = .seconds(5)) {
        self.retries = retries
        self.longestWait = longestWait
    }

    /// The pause when the server demands none.
    ///
    /// - Parameters:
    ///   - attempt: 0 for the first pause.
    ///   - random: From 0 to 1.
    func backoff(attempt: Int, random: Double) -> Duration {
        let seconds = min(0.5 * Double(1 << min(attempt, 10)), 8)
        return .milliseconds(Int64((seconds * (1 - 0.25 * random) * 1000).rounded()))
    }
}
