public import FoundationEssentials

/// A dead letter: a task that has failed for good and was not discarded.
public struct FailureRecord: Sendable, Codable {
    public let taskID: Int64
    public let name: String?
    public let kind: String
    public let queue: String
    public let attempt: Int
    public let failedAt: Date
    public let reason: String?
    public let message: String?
    /// What it shares with failures of its kind that differ only in numbers, ids, paths and what is quoted.
    public let fingerprint: String

    enum CodingKeys: String, CodingKey {
        case name, kind, queue, attempt, reason, message, fingerprint
        case taskID = "task_id"
        case failedAt = "failed_at"
    }
}
