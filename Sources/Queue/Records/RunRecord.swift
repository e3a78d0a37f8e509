public import FoundationEssentials

/// A run of a plan, as a list shows it.
public struct RunRecord: Sendable, Codable, Identifiable {
    /// Of its root task.
    public let id: Int64
    public let plan: String?
    public let version: Int?
    /// It runs from its first attempt on, also while it waits for its tasks.
    public let state: TaskState
    public let queue: String
    public let createdAt: Date
    public let startedAt: Date?
    public let finishedAt: Date?
    public let error: String?
    /// What its models have cost, as far as their prices are known.
    public let usd: Double?

    enum CodingKeys: String, CodingKey {
        case id, plan, version, state, queue, error, usd
        case createdAt = "created_at"
        case startedAt = "started_at"
        case finishedAt = "finished_at"
    }
}
