/// One line of a task tree: a task with its place and state.
public struct TaskNode: Sendable, Codable, Identifiable {
    public let id: Int64
    public let parentID: Int64?
    /// Levels below the root of the listing, which is 0.
    public let depth: Int
    /// The name, or the kind where there is none.
    public let title: String
    public let kind: String
    public let state: TaskState
    public let attempt: Int
    /// How long the latest attempt ran, or has been running, in milliseconds.
    public let durationMilliseconds: Double?
    public let error: String?

    enum CodingKeys: String, CodingKey {
        case id, depth, title, kind, state, attempt, error
        case parentID = "parent_id"
        case durationMilliseconds = "duration_ms"
    }
}
