public import JSON

/// A whole answer, assembled from its stream.
public struct ChatResponse: Sendable, Hashable, Codable {
    /// The provider's id.
    public var id: String?
    /// The model that answered, as the provider names it.
    public var model: String
    public var message: AssistantMessage
    public var finish: FinishReason
    /// Nil when the server did not say.
    public var usage: TokenUsage?
    /// The answer in the provider's own form, as if it had not been streamed.
    public var raw: JSONValue

    public init(
        id: String?, model: String, message: AssistantMessage, finish: FinishReason, usage: TokenUsage?, raw: JSONValue
    ) {
        self.id = id
        self.model = model
        self.message = message
        self.finish = finish
        self.usage = usage
        self.raw = raw
    }
}
