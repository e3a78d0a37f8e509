internal import Synchronization

/// The limits of one request: a time without a sign of life, and a time in all that no sign of life extends.
final class Deadline: Sendable {
    let silence: Duration
    let total: Duration
    private let time: Timekeeper
    private let start: Duration
    private let lastSign: Mutex<Duration>

    init(silence: Duration, total: Duration, time: Timekeeper) {
        self.silence = min(silence, total)
        self.total = total
        self.time = time
        start = time.now()
        lastSign = Mutex(start)
    }

    /// The server has reported progress.
    func extend() {
        let now = time.now()
        lastSign.withLock { $0 = now }
    }

    /// Runs the body; cancels it and throws what `late` makes of the time that has passed when a limit is reached.
    func run<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result, late: @escaping @Sendable (Duration) -> any Error
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while true {
                    let now = self.time.now()
                    let rest = min(self.start + self.total, self.lastSign.withLock { $0 } + self.silence) - now
                    guard rest > .zero else { throw late(now - self.start) }
                    try await self.time.sleep(rest)
                }
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }
}
