internal import FoundationEssentials
internal import Queue

/// How long a task that is woken in vain again and again lets events gather before it looks at them: attempts are
/// numbered up to 32,767.
struct EventPause {
    private static let free = 8
    private static let longest = 60.0
    private static let mostAttempts = 32_000

    private let attempt: Int

    init(attempt: Int16) {
        self.attempt = Int(attempt)
    }

    /// In seconds.
    private var length: Double {
        attempt <= Self.free ? 0 : min(Self.longest, Double(1 << min(attempt - Self.free - 1, 10)))
    }

    /// What is left of the pause; nil when it is over.
    ///
    /// - Parameters:
    ///   - event: The one that woke the task.
    ///   - end: When the wait is over.
    func left(since event: EventRecord, at now: Date, end: Date?) throws -> Duration? {
        guard attempt < Self.mostAttempts else {
            throw PermanentFailure(
                "the wait for an event was in vain \(attempt) times; give it a narrower filter", reason: "wait")
        }
        let left = min(length - now.timeIntervalSince(event.createdAt), end?.timeIntervalSince(now) ?? .infinity)
        return left > 0 ? .seconds(left) : nil
    }
}
