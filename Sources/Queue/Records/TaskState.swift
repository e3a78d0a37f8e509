/// The state of a task: the table it stands in.
public enum TaskState: String, Sendable, Codable, CaseIterable {
    /// Waits for tasks that it needs, before its first run.
    case blocked
    /// Waits for a time: enqueued for later, a retry, or snoozed.
    case scheduled
    /// Its time has come, but it waits for a slot, a token or its turn.
    case queued
    /// May be claimed.
    case ready
    /// A worker has it.
    case running
    /// Has run, and waits for its subtasks.
    case waiting
    case completed
    case failed
    case cancelled
    case skipped

    /// Whether the task has ended.
    public var isFinal: Bool {
        switch self {
        case .completed, .failed, .cancelled, .skipped: true
        default: false
        }
    }
}
