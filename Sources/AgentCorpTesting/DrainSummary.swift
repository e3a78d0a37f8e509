/// What ``TestQueue/drain(concurrency:timeout:)`` has done: the attempts that ended meanwhile.
public struct DrainSummary: Sendable, Hashable {
    /// How many attempts ended in each way; the words are those of `HistoryRecord.outcome`.
    public let outcomes: [String: Int]
    /// Kinds of tasks that were due and that no registered handler executes; they come up again after 30 seconds.
    public let unhandledKinds: [String]

    public var completed: Int { outcomes["completed", default: 0] }
    /// Tasks that failed for good.
    public var failed: Int { outcomes["failed", default: 0] }
    /// Attempts that failed and will be made again.
    public var retried: Int { outcomes["errored", default: 0] }
    public var snoozed: Int { outcomes["snoozed", default: 0] }
}
