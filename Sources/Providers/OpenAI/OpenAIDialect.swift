/// How a server speaks OpenAI's chat completions.
public enum OpenAIDialect: String, Sendable, Hashable, CaseIterable {
    /// As OpenAI does.
    case openai
    /// As xAI does, which refuses fields that it does not know.
    case xai
    /// As most other servers do: the fields of some years ago, none of the newer ones.
    case compatible
}

extension OpenAIDialect {
    /// The name of the field for `maxOutputTokens`.
    var limitField: String { self == .openai ? "max_completion_tokens" : "max_tokens" }

    /// Whether xAI's models that reason refuse these fields even when they say nothing.
    func takes(_ field: String, model: String) -> Bool {
        switch field {
        case "strict": self != .compatible && self != .xai
        case "prompt_cache_key": self == .openai
        case "stop": !(self == .xai && Self.reasons(model))
        case "reasoning_effort": !(self == .xai && Self.alwaysReasons(model))
        default: true
        }
    }

    private static func reasons(_ model: String) -> Bool { model.hasPrefix("grok-3-mini") || alwaysReasons(model) }

    private static func alwaysReasons(_ model: String) -> Bool {
        model == "grok-4" || ["grok-4-", "grok-code-fast"].contains { model.hasPrefix($0) }
    }
}
