/// A message of a conversation, in no provider's form: this is what rows store.
///
/// As JSON: `{"role":"user","content":[{"text":"…"}]}`, `{"role":"assistant","text":"…","tool_calls":[…]}`,
/// `{"role":"tool","results":[…]}`.
public enum ChatMessage: Sendable, Hashable {
    case user([ContentPart])
    case assistant(AssistantMessage)
    /// The results of all calls of the assistant message before it.
    case toolResults([ToolResultMessage])

    public static func user(_ text: String) -> ChatMessage { .user([.text(text)]) }
}

extension ChatMessage: Codable {
    private enum Key: String, CodingKey {
        case role, content, results
    }

    private enum Role: String, Codable {
        case user, assistant, tool
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        switch try container.decode(Role.self, forKey: .role) {
        case .user: self = .user(try container.decode([ContentPart].self, forKey: .content))
        case .assistant: self = .assistant(try AssistantMessage(from: decoder))
        case .tool: self = .toolResults(try container.decode([ToolResultMessage].self, forKey: .results))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .user(let content):
            try container.encode(Role.user, forKey: .role)
            try container.encode(content, forKey: .content)
        case .assistant(let message):
            try container.encode(Role.assistant, forKey: .role)
            try message.encode(to: encoder)
        case .toolResults(let results):
            try container.encode(Role.tool, forKey: .role)
            try container.encode(results, forKey: .results)
        }
    }
}
