public import FoundationEssentials

/// A rule that enqueues a task for each event whose topic matches.
public struct SubscriptionRecord: Sendable, Codable {
    public let name: String
    public let pattern: String
    public let enabled: Bool
    public let kind: String
    public let args: JSONValue
    public let queue: String
    /// The other fields of the task, such as `priority`.
    public let options: JSONValue
    public let createdAt: Date
    /// How often a task could not be enqueued, when last, and why.
    public let failures: Int
    public let failedAt: Date?
    public let error: String?

    enum CodingKeys: String, CodingKey {
        case name, pattern, enabled, kind, args, queue, options, failures, error
        case createdAt = "created_at"
        case failedAt = "failed_at"
    }
}
