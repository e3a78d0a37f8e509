internal import JSON

/// Reads the tokens that the Messages API reports.
enum AnthropicUsage {
    /// Nil when nothing is counted.
    static func read(_ usage: [String: JSONValue]) -> TokenUsage? {
        guard let fresh = usage["input_tokens"]?.count, let output = usage["output_tokens"]?.count else { return nil }
        let read = usage["cache_read_input_tokens"]?.count ?? 0
        let written = usage["cache_creation_input_tokens"]?.count ?? 0
        let details = usage["output_tokens_details"]
        return TokenUsage(
            // Cached tokens are counted beside the others.
            input: fresh + read + written, output: output, cacheRead: read, cacheWrite: written,
            reasoning: (details?["thinking_tokens"] ?? details?["reasoning_tokens"])?.count ?? 0)
    }
}
