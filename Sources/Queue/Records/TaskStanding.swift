/// How a task stands, for whoever has its id.
public struct TaskStanding: Sendable {
    public let state: TaskState
    /// The latest attempt that has ended; 0 when none has.
    public let attempt: Int
    /// What it returned, once it has completed.
    public let output: JSONValue?
    /// What went wrong with its latest attempt.
    public let error: TaskFailure?
}
