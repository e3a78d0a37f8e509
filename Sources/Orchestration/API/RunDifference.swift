public import JSON

/// A task in two runs, matched by its path.
public struct RunDifference: Sendable, Codable {
    /// What it was in one of them.
    public struct Side: Sendable, Codable {
        public let id: Int64
        /// It belongs to the run that this one is a fork of.
        public let isShared: Bool
        /// `open` where it has not ended.
        public let state: String
        public let agent: String?
        public let agentVersion: Int?
        /// The row of the plan's version.
        public let planVersion: Int64?
        public let usd: Double?
        public let tokens: Int64?
        public let output: JSONValue?
        /// What was decided by which condition, choice or tally, by step.
        public let decisions: JSONValue?
        /// How long it took.
        public let seconds: Double?

        enum CodingKeys: String, CodingKey {
            case id, state, agent, tokens, output, decisions, seconds
            case isShared = "shared"
            case agentVersion = "agent_version"
            case planVersion = "plan_version"
            case usd = "cost_usd"
        }
    }

    /// Such as `edit/#2/code`; empty: the run itself.
    public let path: String
    /// Nil: that run has no such task.
    public let a: Side?
    public let b: Side?
    /// It is the same task in both.
    public let isShared: Bool
    /// `task` (only one has it), `state`, `output`, `agent`, `agent_version`, `plan_version`, `decisions`.
    public let differs: [String]

    enum CodingKeys: String, CodingKey {
        case path, a, b, differs
        case isShared = "is_shared"
    }
}
