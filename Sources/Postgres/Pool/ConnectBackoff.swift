/// Spaces out attempts to reach a server that refuses: doubling from 50 ms to 5 s, with jitter.
///
/// The first failure is reported at once; it is the next attempt that waits.
struct ConnectBackoff {
    private var failures = 0
    private var nextAttempt = ContinuousClock.now

    mutating func failed() {
        failures = min(failures + 1, 8)
        let ceiling = min(5000, 25 << failures)
        nextAttempt = .now + .milliseconds(Int.random(in: ceiling / 2...ceiling))
    }

    mutating func succeeded() {
        failures = 0
    }

    /// How long to wait before the next attempt, or nil.
    func pause() -> Duration? {
        guard failures > 0 else { return nil }
        let pause = nextAttempt - .now
        return pause > .zero ? pause : nil
    }
}
