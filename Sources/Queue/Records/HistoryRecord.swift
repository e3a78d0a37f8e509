public import FoundationEssentials

/// A finished attempt.
public struct HistoryRecord: Sendable, Codable {
    public let finishedAt: Date
    public let taskID: Int64
    public let name: String?
    public let kind: String
    public let queue: String
    public let attempt: Int
    /// `completed`, `failed`, `cancelled`, `skipped`, `errored`, `lost`, `suspended`, `snoozed` or `reopened`.
    public let outcome: String
    public let ranMilliseconds: Double?
    public let workerID: Int64?
    public let message: String?

    enum CodingKeys: String, CodingKey {
        case name, kind, queue, attempt, outcome, message
        case finishedAt = "finished_at"
        case taskID = "task_id"
        case ranMilliseconds = "ran_ms"
        case workerID = "worker_id"
    }
}
