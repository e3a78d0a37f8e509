public import FoundationEssentials

/// What was said to an agent of a run, or to all of them.
public struct AgentMessage: Sendable, Codable {
    public let run: Int64
    /// Counts from 1 in each run.
    public let number: Int
    public let sender: String
    /// An agent, or `all`.
    public let recipient: String
    public let topic: String?
    public let body: String
    public let sentAt: Date
    /// The task in which it was sent; nil: it came from outside.
    public let senderTask: Int64?
    /// Its sender had read something from outside.
    public let isTainted: Bool
    /// The agents that have read it; nil: none.
    public let readers: [String]?

    enum CodingKeys: String, CodingKey {
        case sender, recipient, topic, body, readers
        case run = "run_id"
        case number = "seq"
        case sentAt = "sent_at"
        case senderTask = "sender_task"
        case isTainted = "tainted"
    }
}
