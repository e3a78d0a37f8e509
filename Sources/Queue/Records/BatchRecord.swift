public import FoundationEssentials

/// A batch, with how far it is.
public struct BatchRecord: Sendable, Codable, Identifiable {
    public let id: Int64
    public let name: String?
    public let queue: String
    public let parentID: Int64?
    public let tags: [String]?
    /// `waiting` until it has settled; then completed, failed or cancelled.
    public let state: TaskState
    /// Whether it settles with its last task; until then it waits for more.
    public let sealed: Bool
    public let total: Int
    /// Tasks that have not ended.
    public let pending: Int
    /// Tasks that succeeded, were skipped, or whose failure is forgiven.
    public let completed: Int
    /// Tasks that failed or were cancelled.
    public let failed: Int
    /// From 0 to 1.
    public let progress: Double
    public let createdAt: Date
    public let finishedAt: Date?

    enum CodingKeys: String, CodingKey {
        case id, name, queue, tags, state, sealed, total, pending, completed, failed, progress
        case parentID = "parent_id"
        case createdAt = "created_at"
        case finishedAt = "finished_at"
    }
}
