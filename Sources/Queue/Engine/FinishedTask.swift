public import Postgres

/// How an attempt ended, ready to be recorded.
public struct FinishedTask: Sendable {
    /// The ways in which an attempt can end.
    public enum Outcome: Sendable {
        /// With what the task returned, if anything.
        case completed(output: PostgresJSON?)
        /// Retried by the task's policy, after `delay` where the handler decided one; not at all when `isPermanent`.
        case failed(TaskFailure, isPermanent: Bool, delay: Duration?)
        /// Cancelled by the handler itself.
        case cancelled(TaskFailure)
        /// By the handler: there was nothing to do.
        case skipped(TaskFailure)
        /// Runs again when its subtasks have ended. `join` is a join policy such as `"settled"`; nil keeps the task's own.
        /// After `atMost` it runs again whatever it waits for.
        case suspended(join: PostgresJSON?, atMost: Duration? = nil)
        /// Runs again after a while; that is no failure.
        case snoozed(Duration)
    }

    public let key: AttemptKey
    public let outcome: Outcome
    /// How long the handler ran.
    public let ran: Duration

    public init(key: AttemptKey, outcome: Outcome, ran: Duration) {
        self.key = key
        self.outcome = outcome
        self.ran = ran
    }
}
