public import FoundationEssentials
public import JSON

/// A version of an agent.
public struct AgentVersionRecord: Sendable, Codable {
    public let name: String
    public let version: Int
    /// Whether new tasks get it.
    public let isCurrent: Bool
    /// Since when the agent is no longer in the pool.
    public let removedAt: Date?
    public let price: Double?
    public let createdAt: Date
    /// Of the configuration, 64 hexadecimal digits.
    public let sha256: String
    /// The configuration as it is stored.
    public let config: JSONValue

    enum CodingKeys: String, CodingKey {
        case name, version, price, sha256, config
        case isCurrent = "is_current"
        case removedAt = "removed_at"
        case createdAt = "created_at"
    }
}
