/// A limit of a queue or of concurrency keys.
public struct LimitRecord: Sendable, Codable {
    /// The queue that it limits; nil for one of keys.
    public let queue: String?
    /// The key that it limits, or `prefix*` for every key that begins so; nil for one of a queue.
    public let key: String?
    /// How many tasks may run at once.
    public let concurrency: Int?
    /// How many tasks may start per `perSeconds`.
    public let rate: Int?
    public let perSeconds: Double
    /// How many may start at once after a quiet time.
    public let burst: Int?
    /// How many slots are taken.
    public let inUse: Int

    enum CodingKeys: String, CodingKey {
        case queue, key, concurrency, rate, burst
        case perSeconds = "per_seconds"
        case inUse = "in_use"
    }
}
