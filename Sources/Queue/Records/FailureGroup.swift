public import FoundationEssentials

/// Dead letters of one kind and queue with the same fingerprint.
public struct FailureGroup: Sendable, Codable {
    public let fingerprint: String
    public let kind: String
    public let queue: String
    public let failures: Int
    public let firstAt: Date
    public let lastAt: Date
    public let reason: String?
    /// The message of the newest task.
    public let message: String?
    /// The newest task.
    public let taskID: Int64

    enum CodingKeys: String, CodingKey {
        case fingerprint, kind, queue, failures, reason, message
        case firstAt = "first_at"
        case lastAt = "last_at"
        case taskID = "task_id"
    }
}
