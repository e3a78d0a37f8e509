/// What a model answered.
public struct AssistantMessage: Sendable, Hashable, Codable {
    public var text: String?
    /// Why the model declines to answer.
    public var refusal: String?
    public var toolCalls: [ToolCallRequest]
    /// What the provider wants to see again unchanged, such as signed thinking; sent back only to where it came from.
    public var native: NativeContent?

    public init(
        text: String? = nil, refusal: String? = nil, toolCalls: [ToolCallRequest] = [], native: NativeContent? = nil
    ) {
        self.text = text
        self.refusal = refusal
        self.toolCalls = toolCalls
        self.native = native
    }

    private enum CodingKeys: String, CodingKey {
        case text, refusal, native
        case toolCalls = "tool_calls"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        text = try container.decodeIfPresent(String.self, forKey: .text)
        refusal = try container.decodeIfPresent(String.self, forKey: .refusal)
        toolCalls = try container.decodeIfPresent([ToolCallRequest].self, forKey: .toolCalls) ?? []
        native = try container.decodeIfPresent(NativeContent.self, forKey: .native)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(text, forKey: .text)
        try container.encodeIfPresent(refusal, forKey: .refusal)
        if !toolCalls.isEmpty { try container.encode(toolCalls, forKey: .toolCalls) }
        try container.encodeIfPresent(native, forKey: .native)
    }
}
