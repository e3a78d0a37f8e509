/// What a tool call came to, for the model.
public struct ToolResultMessage: Sendable, Hashable, Codable {
    /// The `id` of the call that it answers.
    public var toolCallID: String
    public var content: String
    public var isError: Bool

    public init(toolCallID: String, content: String, isError: Bool = false) {
        self.toolCallID = toolCallID
        self.content = content
        self.isError = isError
    }

    private enum CodingKeys: String, CodingKey {
        case toolCallID = "tool_call_id"
        case content
        case isError = "is_error"
    }
}
