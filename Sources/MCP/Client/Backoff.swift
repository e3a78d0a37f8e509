/// How long to wait before a server that keeps failing is started again.
struct Backoff: Sendable {
    private(set) var failures = 0
    private var until: Duration = .zero

    /// It went away by itself, or did not start.
    mutating func fail(at now: Duration) {
        failures += 1
        until = now + min(.milliseconds(500) * (1 << min(failures - 1, 6)), .seconds(30))
    }

    /// It has answered.
    mutating func succeed() {
        failures = 0
        until = .zero
    }

    func delay(at now: Duration) -> Duration { max(.zero, until - now) }
}
