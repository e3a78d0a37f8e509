public import FoundationEssentials
public import JSON

/// A tool call that waits for a person, or waited.
public struct ApprovalRecord: Sendable, Codable {
    public let id: Int64
    public let task: Int64
    public let agent: String
    public let turn: Int
    public let idx: Int
    public let tool: String
    /// `tainted`, `ambiguous` or `policy`.
    public let reason: String
    public let title: String
    public let args: JSONValue?
    public let decisions: [String]
    public let createdAt: Date
    public let decidedAt: Date?
    public let decision: String?
    public let decidedBy: String?
    public let response: String?

    enum CodingKeys: String, CodingKey {
        case id, agent, turn, idx, tool, reason, title, args, decisions, decision, response
        case task = "task_id"
        case createdAt = "created_at"
        case decidedAt = "decided_at"
        case decidedBy = "decided_by"
    }
}
