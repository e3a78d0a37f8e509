/// The tokens that a response took, counted alike for all providers.
public struct TokenUsage: Sendable, Hashable, Codable {
    /// All of the request, cached or not.
    public var input: Int
    /// All of the response, reasoning included.
    public var output: Int
    /// Of `input`: read from the provider's cache.
    public var cacheRead: Int
    /// Of `input`: written to the provider's cache.
    public var cacheWrite: Int
    /// Of `output`: reasoning.
    public var reasoning: Int
    /// What the provider says it charged, where it says so.
    public var cost: USD?

    public init(
        input: Int = 0, output: Int = 0, cacheRead: Int = 0, cacheWrite: Int = 0, reasoning: Int = 0, cost: USD? = nil
    ) {
        self.input = input
        self.output = output
        self.cacheRead = cacheRead
        self.cacheWrite = cacheWrite
        self.reasoning = reasoning
        self.cost = cost
    }

    /// What counts against a budget of tokens.
    public var total: Int { input + output }

    private enum CodingKeys: String, CodingKey {
        case input, output
        case cacheRead = "cache_read"
        case cacheWrite = "cache_write"
        case reasoning, cost
    }
}
