/// Executes the tasks of one kind.
///
/// It may run several times for one task, so what must not happen twice goes into `TaskContext.step` or
/// `TaskContext.complete`. A thrown error is a failed attempt: `TaskFailure` and any other error are retried by the
/// task's policy, `RetryAfter` after its delay, `PermanentFailure` not at all. `TaskSuspension` is no failure: let it
/// pass. It must heed cancellation.
public typealias TaskHandler = @Sendable (TaskContext) async throws -> TaskResult
