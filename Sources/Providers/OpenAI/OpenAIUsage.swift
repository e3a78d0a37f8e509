internal import JSON

/// Reads the tokens that chat completions report.
enum OpenAIUsage {
    /// Nil when the object counts nothing.
    static func read(_ usage: JSONValue) -> TokenUsage? {
        guard let input = usage["prompt_tokens"]?.count, var output = usage["completion_tokens"]?.count else {
            return nil
        }
        let reasoning = usage["completion_tokens_details"]?["reasoning_tokens"]?.count ?? 0
        // xAI counts reasoning beside the completion, and only the total tells.
        if reasoning > 0, usage["total_tokens"]?.count == input + output + reasoning { output += reasoning }
        let details = usage["prompt_tokens_details"]
        return TokenUsage(
            input: input, output: output, cacheRead: min(input, details?["cached_tokens"]?.count ?? 0),
            cacheWrite: details?["cache_write_tokens"]?.count ?? 0, reasoning: reasoning,
            // Ten billion ticks are a dollar.
            cost: usage["cost_in_usd_ticks"]?.count.map { USD(nanodollars: Int64(($0 + 9) / 10)) })
    }
}
