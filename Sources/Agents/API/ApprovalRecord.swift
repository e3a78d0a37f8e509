public import FoundationEssentials
public import JSON

/// What waits for a person, or waited: a call of a tool, or a task of kind `approve`.
public struct ApprovalRecord: Sendable, Codable {
    public let id: Int64
    public let task: Int64
    /// The root of its tree.
    public let run: Int64
    /// Of the task.
    public let name: String?
    /// Whose call it is; nil for a task.
    public let agent: String?
    public let turn: Int?
    public let idx: Int?
    public let tool: String?
    /// `pure`, `idempotent` or `once`.
    public let effect: String?
    /// `tainted`, `ambiguous`, `policy` or `task`.
    public let reason: String
    public let title: String
    /// Of the call.
    public let args: JSONValue?
    /// What a task shows.
    public let value: JSONValue?
    /// Of what is shown: SHA-256, 64 hexadecimal digits.
    public let hash: String
    public let decisions: [String]
    /// Who may decide, by name or database role; empty: anybody.
    public let approvers: [String]
    public let createdAt: Date
    public let expiresAt: Date?
    /// What counts when the time is over; nil: the task fails then.
    public let fallback: String?
    /// `open`, `decided`, `expired`, or `moot` when it goes on, or has ended, without a decision.
    public let state: String
    public let decidedAt: Date?
    public let decision: String?
    public let decidedBy: String?
    /// The rule that has decided.
    public let rule: Int?
    /// Nobody has decided in time.
    public let isTimeout: Bool
    public let response: String?
    /// What a person has put in the place of the arguments or the value.
    public let edited: JSONValue?
    /// Of a call: the JSON Schema that edited arguments must fit.
    public let schema: JSONValue?

    enum CodingKeys: String, CodingKey {
        case id, name, agent, turn, idx, tool, effect, reason, title, args, value, hash, decisions, approvers, fallback
        case state, decision, response, edited, schema
        case task = "task_id"
        case run = "run_id"
        case createdAt = "created_at"
        case expiresAt = "expires_at"
        case decidedAt = "decided_at"
        case decidedBy = "decided_by"
        case rule = "rule_id"
        case isTimeout = "timed_out"
    }
}
