public import FoundationEssentials
public import JSON
public import Providers
public import Tools

/// What an agent has done in a task so far: the rows of its run, as `agentcorp.run_progress` puts them together.
public struct AgentProgress: Sendable, Codable {
    /// An answer of a model, with the tool calls that it asked for.
    public struct Turn: Sendable, Codable {
        public let turn: Int
        public let attempt: Int
        public let provider: String
        public let model: String
        public let finish: String
        public let text: String?
        public let inputTokens: Int?
        public let outputTokens: Int?
        public let cacheReadTokens: Int?
        public let reasoningTokens: Int?
        /// Nil: the price of the model is not known.
        public let cost: USD?
        public let startedAt: Date
        public let finishedAt: Date
        public let calls: [Call]

        enum CodingKeys: String, CodingKey {
            case turn, attempt, provider, model, finish, text, calls
            case inputTokens = "input_tokens"
            case outputTokens = "output_tokens"
            case cacheReadTokens = "cache_read_tokens"
            case reasoningTokens = "reasoning_tokens"
            case cost = "cost_usd"
            case startedAt = "started_at"
            case finishedAt = "finished_at"
        }
    }

    /// A tool call.
    public struct Call: Sendable, Codable {
        public let idx: Int
        public let tool: String
        public let effect: ToolEffect
        /// `planned`, `approved`, `started`, `succeeded`, `failed`, `ambiguous` or `rejected`.
        public let state: String
        public let attempt: Int
        public let startedAt: Date?
        public let finishedAt: Date?
        public let isTainted: Bool
        public let args: JSONValue?
        /// What the model was told: `{"content", "is_error"}`.
        public let result: JSONValue?

        enum CodingKeys: String, CodingKey {
            case idx, tool, effect, state, attempt, args, result
            case startedAt = "started_at"
            case finishedAt = "finished_at"
            case isTainted = "tainted"
        }
    }

    /// What the engine said to the model, or put in the place of older messages.
    public struct Note: Sendable, Codable {
        /// The answer that it follows.
        public let turn: Int
        /// `note` or `summary`.
        public let role: String
        /// Of a note: `repair` or `forced`.
        public let kind: String?
        public let reason: String?
        public let text: String?
        public let createdAt: Date

        enum CodingKeys: String, CodingKey {
            case turn, role, kind, reason, text
            case createdAt = "created_at"
        }
    }

    /// What a model is just saying.
    public struct Partial: Sendable, Codable {
        public let turn: Int
        public let text: String
    }

    /// What a person is asked, or was.
    public struct Approval: Sendable, Codable {
        public let id: Int64
        public let turn: Int
        public let idx: Int
        public let reason: String
        public let title: String
        public let decisions: [String]
        public let decision: String?
        public let decidedBy: String?

        enum CodingKeys: String, CodingKey {
            case id, turn, idx, reason, title, decisions, decision
            case decidedBy = "decided_by"
        }
    }

    public let agent: String
    public let version: Int
    /// The name of the conversation; nil when it is the task's own.
    public let session: String?
    /// Whether it has read something from outside.
    public let isTainted: Bool
    public let turns: [Turn]
    public let notes: [Note]
    public let partial: Partial?
    public let approvals: [Approval]

    enum CodingKeys: String, CodingKey {
        case agent, version, session, turns, notes, partial, approvals
        case isTainted = "tainted"
    }

    /// Input and output, as far as the providers said.
    public var tokens: Int { turns.reduce(0) { $0 + ($1.inputTokens ?? 0) + ($1.outputTokens ?? 0) } }

    /// Nil when the price of one of the models is not known.
    public var cost: USD? {
        turns.reduce(USD.zero as USD?) { sum, turn in
            guard let sum, let cost = turn.cost else { return nil }
            return sum + cost
        }
    }
}
