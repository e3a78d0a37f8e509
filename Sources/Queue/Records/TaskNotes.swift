/// What a task returned, in short, and what was evaluated for it.
public struct TaskNotes: Sendable, Codable {
    public let output: String?
    /// Conditions, loops, choices and tallies, the latest first.
    public let facts: [String]?
}
