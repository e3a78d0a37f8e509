public import FoundationEssentials

/// When a plan starts by itself.
public struct PlanTriggerRecord: Sendable, Codable {
    public enum Kind: String, Sendable, Codable {
        case topic, cron, webhook
    }

    public let plan: String
    /// Its place in `on`, from 0.
    public let number: Int
    public let kind: Kind
    /// The pattern, the cron expression, or the name of the webhook.
    public let what: String
    public let pausedAt: Date?
    public let nextFireAt: Date?
    public let lastFireAt: Date?
    /// Why it could not start the plan, the last time that it failed.
    public let error: String?
    public let failedAt: Date?
    /// Of its subscription or schedule.
    public let name: String
    public let createdAt: Date

    enum CodingKeys: String, CodingKey {
        case plan, number, kind, what, error, name
        case pausedAt = "paused_at"
        case nextFireAt = "next_fire_at"
        case lastFireAt = "last_fire_at"
        case failedAt = "failed_at"
        case createdAt = "created_at"
    }
}
