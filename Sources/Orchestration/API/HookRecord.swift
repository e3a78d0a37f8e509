public import FoundationEssentials
public import JSON

/// Who is told what becomes of tasks.
public struct HookRecord: Sendable, Codable {
    public let name: String
    public let events: [TaskEvent.Kind]
    /// `{"kind", "queue", "plan", "name", "tag"}`, each a string or several; empty: all tasks.
    public let filter: JSONValue
    /// `{"emit": TOPIC}` or `{"enqueue": TASK}`.
    public let action: JSONValue
    public let pausedAt: Date?
    /// What is older has been told.
    public let reachedAt: Date?
    public let failures: Int
    public let failedAt: Date?
    /// Why it cannot go on.
    public let error: String?
    public let createdAt: Date

    enum CodingKeys: String, CodingKey {
        case name, events, filter, action, failures, error
        case pausedAt = "paused_at"
        case reachedAt = "reached_at"
        case failedAt = "failed_at"
        case createdAt = "created_at"
    }
}
