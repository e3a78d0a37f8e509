public import FoundationEssentials
public import JSON

/// A conversation with a name.
public struct SessionRecord: Sendable, Codable {
    public let name: String
    public let agent: String
    public let createdAt: Date
    public let lastAt: Date?
    public let messages: Int
    /// The agent remembers nothing up to this message.
    public let clearedTo: Int
    public let forkedFrom: String?

    enum CodingKeys: String, CodingKey {
        case name, agent, messages
        case createdAt = "created_at"
        case lastAt = "last_at"
        case clearedTo = "cleared_to"
        case forkedFrom = "forked_from"
    }
}

/// A message of a session.
public struct SessionMessage: Sendable, Codable {
    public let seq: Int
    public let task: Int64
    /// `user`, `assistant`, `note` or `summary`.
    public let role: String
    public let createdAt: Date
    public let content: JSONValue
    /// Of an assistant: what it had done, `[{"tool", "state", "args", "result"}]`.
    public let calls: JSONValue?

    enum CodingKeys: String, CodingKey {
        case seq, role, content, calls
        case task = "task_id"
        case createdAt = "created_at"
    }

    /// What was said, as text.
    public var text: String {
        switch content {
        case .array(let parts): parts.map { $0["text"]?.string ?? "(an image)" }.joined(separator: "\n")
        case .string(let text): text
        default: content["text"]?.string ?? ""
        }
    }
}
