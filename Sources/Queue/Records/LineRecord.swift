public import FoundationEssentials

/// Tasks that share queue, tenant and keys, and wait to be admitted.
public struct LineRecord: Sendable, Codable {
    public let queue: String
    public let tenant: String?
    public let concurrencyKey: String?
    public let orderedKey: String?
    /// How many tasks stand in it, counted up to 10,001.
    public let waiting: Int
    /// What its head waits for: `slot`, `rate`, `order` or `turn`.
    public let waitsFor: String
    /// When there will be a token, where it waits for one.
    public let nextAt: Date?

    enum CodingKeys: String, CodingKey {
        case queue, tenant, waiting
        case concurrencyKey = "concurrency_key"
        case orderedKey = "ordered_key"
        case waitsFor = "waits_for"
        case nextAt = "next_at"
    }
}
