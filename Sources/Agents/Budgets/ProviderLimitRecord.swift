public import FoundationEssentials

/// What a provider, or one of its models, may be called.
public struct ProviderLimitRecord: Sendable, Codable {
    public let provider: String
    /// `*`: all models of the provider.
    public let model: String
    public let maxConcurrent: Int?
    public let requestsPerMinute: Int?
    public let tokensPerMinute: Int64?
    /// How many calls are under way.
    public let inFlight: Int
    /// Nothing is called until then; nil: it may be.
    public let cooldownUntil: Date?
    public let cooldownReason: String?

    enum CodingKeys: String, CodingKey {
        case provider, model
        case maxConcurrent = "max_concurrent"
        case requestsPerMinute = "requests_per_minute"
        case tokensPerMinute = "tokens_per_minute"
        case inFlight = "in_flight"
        case cooldownUntil = "cooldown_until"
        case cooldownReason = "cooldown_reason"
    }
}
