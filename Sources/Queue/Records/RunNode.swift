public import FoundationEssentials

/// A task of a run, as people watch it.
public struct RunNode: Sendable, Codable, Identifiable {
    public let id: Int64
    public let parentID: Int64?
    /// Levels below the run, which is 0.
    public let depth: Int
    public let name: String?
    public let kind: String
    /// The agent that works on it, once it has begun.
    public let agent: String?
    public let state: TaskState
    public let attempt: Int
    /// When it is to run, where that is to come.
    public let runAt: Date?
    /// How long it ran or has been running; of what consists of other tasks, from its beginning to its end.
    public let milliseconds: Double?
    /// What it and all below it have cost, as far as prices are known.
    public let usd: Double?
    public let tokens: Int64?
    /// Answers of models whose price is not known.
    public let unpriced: Int64?
    /// Its subtasks by state: also those that the list does not contain.
    public let children: [String: Int]?
    /// All tasks by state; of the run only.
    public let below: [String: Int]?
    /// The last line that it has said, or its progress, while it runs.
    public let progress: String?
    /// For whom or what it waits.
    public let asks: [RunWait]?
    public let reason: String?
    public let error: String?

    /// The name, or the kind where there is none.
    public var title: String { name ?? kind }

    enum CodingKeys: String, CodingKey {
        case id, depth, name, kind, agent, state, attempt, usd, tokens, unpriced, children, below, progress, asks
        case reason, error
        case parentID = "parent_id"
        case runAt = "run_at"
        case milliseconds = "ran_ms"
    }
}

/// An event, a time or the decision of a person that a parked task waits for.
public struct RunWait: Sendable, Codable, Hashable {
    public let topic: String
    public let key: String?
    public let timeoutAt: Date?
    public let since: Date?
    /// A person has to decide it.
    public let approval: Int64?
    public let title: String?
    public let decisions: [String]?

    enum CodingKeys: String, CodingKey {
        case topic, key, since, approval, title, decisions
        case timeoutAt = "timeout_at"
    }
}
