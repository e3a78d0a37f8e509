public import Providers

/// What models have been used for, by one run, agent, model or provider, or on one day.
public struct CostRecord: Sendable, Codable {
    /// The id of the root task, the agent (empty: none), `provider/model`, the provider, or the day.
    public let name: String
    /// The name of the root task, or its kind.
    public let label: String?
    public let turns: Int
    /// Nil: no provider has said how many.
    public let inputTokens: Int64?
    public let outputTokens: Int64?
    public let cacheReadTokens: Int64?
    public let cacheWriteTokens: Int64?
    public let reasoningTokens: Int64?
    /// Of the turns whose price is known; nil: of none.
    public let usd: USD?
    /// Turns whose price is not known.
    public let unpriced: Int

    enum CodingKeys: String, CodingKey {
        case name, label, turns, usd, unpriced
        case inputTokens = "input_tokens"
        case outputTokens = "output_tokens"
        case cacheReadTokens = "cache_read_tokens"
        case cacheWriteTokens = "cache_write_tokens"
        case reasoningTokens = "reasoning_tokens"
    }
}
