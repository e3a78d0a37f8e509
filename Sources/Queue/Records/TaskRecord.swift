public import FoundationEssentials

/// A task as people see it: one row of the view `agentcorp.tasks`.
public struct TaskRecord: Sendable, Codable, Identifiable {
    public let id: Int64
    public let parentID: Int64?
    public let rootID: Int64
    public let depth: Int
    public let name: String?
    public let kind: String
    public let queue: String
    /// 0 is the most urgent, 9 the least.
    public let priority: Int
    public let state: TaskState
    /// The number of the attempt that runs, is to come, or was the last; counts from 1.
    public let attempt: Int
    public let maxAttempts: Int
    public let tags: [String]?
    public let createdAt: Date
    public let runAt: Date?
    public let startedAt: Date?
    public let finishedAt: Date?
    public let workerID: Int64?
    public let error: TaskFailure?

    enum CodingKeys: String, CodingKey {
        case id, depth, name, kind, queue, priority, state, attempt, tags, error
        case parentID = "parent_id"
        case rootID = "root_id"
        case maxAttempts = "max_attempts"
        case createdAt = "created_at"
        case runAt = "run_at"
        case startedAt = "started_at"
        case finishedAt = "finished_at"
        case workerID = "worker_id"
    }
}
