internal import Synchronization

/// Thrown through a handler that has to leave the worker: its task goes on later, in another attempt.
///
/// A handler that catches every error should throw this one on. If it throws another instead, that is taken for this
/// one, unless it is `PermanentFailure` or `RetryAfter`; if it returns, what it returns counts.
public struct TaskSuspension: Error, Sendable, CustomStringConvertible {
    enum Reason {
        /// Until an event that was asked for, or until the time for that is over.
        case event
        case timer(Duration)
    }

    let reason: Reason

    public var description: String { "the task is suspended; let this error pass" }

    /// What a running handler has been told.
    final class Note: Sendable {
        private let current = Mutex<TaskSuspension?>(nil)
        private let limit = Mutex<Duration?>(nil)

        /// How long the task may wait; nil: for ever.
        var timeLeft: Duration? { limit.withLock { $0 } }

        func limit(to timeLeft: Duration?) { limit.withLock { $0 = timeLeft } }

        var suspension: TaskSuspension? { current.withLock { $0 } }

        func suspend(_ reason: Reason) -> TaskSuspension {
            let suspension = TaskSuspension(reason: reason)
            // Who waits for an event as well as for a moment must not miss the event.
            current.withLock { noted in
                if case .event? = noted?.reason { return }
                noted = suspension
            }
            return suspension
        }
    }
}
