public import FoundationEssentials

/// An agent of the pool.
public struct AgentRecord: Sendable, Codable {
    public let name: String
    /// The version that new tasks get.
    public let version: Int
    public let role: String?
    public let skills: [String]
    /// Of its first model.
    public let provider: String?
    /// In the order in which they are asked.
    public let models: [String]
    public let tools: [String]
    public let description: String?
    public let maxConcurrency: Int?
    /// How many of its tasks run or stand in line.
    public let busy: Int
    /// USD for a million tokens, input and output blended; nil: unknown.
    public let price: Double?
    /// When this version was made.
    public let createdAt: Date

    enum CodingKeys: String, CodingKey {
        case name, version, role, skills, provider, models, tools, description, busy, price
        case maxConcurrency = "max_concurrency"
        case createdAt = "created_at"
    }
}
