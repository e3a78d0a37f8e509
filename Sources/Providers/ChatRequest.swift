public import JSON

/// A question to a model, in no provider's form.
public struct ChatRequest: Sendable, Hashable, Codable {
    public var model: String
    /// The system prompt.
    public var system: String?
    public var messages: [ChatMessage]
    public var tools: [ToolDefinition]
    public var toolChoice: ToolChoice
    /// Whether one answer may hold several calls.
    public var parallelToolCalls: Bool
    public var outputSchema: OutputSchema?
    /// Anthropic demands a limit: `AnthropicProvider.defaultMaxOutputTokens` where none is set.
    public var maxOutputTokens: Int?
    public var temperature: Double?
    public var topP: Double?
    /// Texts that end the answer.
    public var stop: [String]
    public var seed: Int64?
    /// `low`, `medium`, `high` and whatever else the model knows.
    public var reasoningEffort: String?
    /// Groups requests that begin alike, so that the provider finds them in its cache.
    public var cacheKey: String?
    /// Whether to mark what may be cached, for providers that want to be told.
    public var isCacheable: Bool
    /// Fields of the provider's own, put into the request as they are; they win over ours.
    public var extra: [String: JSONValue]

    public init(
        model: String, system: String? = nil, messages: [ChatMessage], tools: [ToolDefinition] = [],
        toolChoice: ToolChoice = .auto, parallelToolCalls: Bool = true, outputSchema: OutputSchema? = nil,
        maxOutputTokens: Int? = nil, temperature: Double? = nil, topP: Double? = nil, stop: [String] = [],
        seed: Int64? = nil, reasoningEffort: String? = nil, cacheKey: String? = nil, isCacheable: Bool = true,
        extra: [String: JSONValue] = [:]
    ) {
        self.model = model
        self.system = system
        self.messages = messages
        self.tools = tools
        self.toolChoice = toolChoice
        self.parallelToolCalls = parallelToolCalls
        self.outputSchema = outputSchema
        self.maxOutputTokens = maxOutputTokens
        self.temperature = temperature
        self.topP = topP
        self.stop = stop
        self.seed = seed
        self.reasoningEffort = reasoningEffort
        self.cacheKey = cacheKey
        self.isCacheable = isCacheable
        self.extra = extra
    }
}
