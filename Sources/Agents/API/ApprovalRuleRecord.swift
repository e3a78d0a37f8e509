public import FoundationEssentials
public import JSON

/// A rule by which calls of a tool are decided without asking.
public struct ApprovalRuleRecord: Sendable, Codable {
    public let id: Int
    /// `approve` or `reject`.
    public let decision: String
    /// Its name, or how it begins, with `*` after it.
    public let tool: String
    /// Nil: any agent's calls.
    public let agent: String?
    /// The root of the tree in which it holds; nil: everywhere.
    public let run: Int64?
    /// What the arguments contain; nil: anything.
    public let args: JSONValue?
    /// `policy` or `tainted`: which question it answers.
    public let reason: String
    public let createdAt: Date
    public let createdBy: String
    public let expiresAt: Date?
    public let hasExpired: Bool
    /// How many calls it has decided.
    public let decided: Int

    enum CodingKeys: String, CodingKey {
        case id, decision, tool, agent, args, reason, decided
        case run = "run_id"
        case createdAt = "created_at"
        case createdBy = "created_by"
        case expiresAt = "expires_at"
        case hasExpired = "expired"
    }
}
