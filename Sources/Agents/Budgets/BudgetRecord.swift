public import FoundationEssentials
public import Providers

/// The budget of a task: its limits (nil is none), what is spent, and what is reserved for calls under way.
public struct BudgetRecord: Sendable, Codable {
    public let taskID: Int64
    /// Of the task.
    public let kind: String
    public let name: String?
    public let usd: USD?
    /// More than the limit only where a provider has billed more than was estimated, or the limit was lowered.
    public let usdSpent: USD
    public let usdReserved: USD
    public let tokens: Int64?
    public let tokensSpent: Int64
    public let tokensReserved: Int64
    public let turns: Int?
    public let turnsSpent: Int
    public let turnsReserved: Int
    public let createdAt: Date
    public let expiresAt: Date?
    /// Calls whose cost is not known; their tokens count.
    public let unpriced: Int

    enum CodingKeys: String, CodingKey {
        case kind, name, usd, tokens, turns, unpriced
        case taskID = "task_id"
        case usdSpent = "usd_spent"
        case usdReserved = "usd_reserved"
        case tokensSpent = "tokens_spent"
        case tokensReserved = "tokens_reserved"
        case turnsSpent = "turns_spent"
        case turnsReserved = "turns_reserved"
        case createdAt = "created_at"
        case expiresAt = "expires_at"
    }
}
