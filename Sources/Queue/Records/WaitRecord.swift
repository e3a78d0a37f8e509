public import FoundationEssentials

/// A task that waits for an event.
public struct WaitRecord: Sendable, Codable {
    public let taskID: Int64
    /// The name of the step in which the event will be recorded.
    public let name: String
    public let topic: String
    /// Nil: for the next event of the topic.
    public let key: String?
    public let kind: String
    /// Whether the task has left its worker; false while it still runs, or is to run again.
    public let parked: Bool
    public let createdAt: Date
    public let timeoutAt: Date?

    enum CodingKeys: String, CodingKey {
        case name, topic, key, kind, parked
        case taskID = "task_id"
        case createdAt = "created_at"
        case timeoutAt = "timeout_at"
    }
}
