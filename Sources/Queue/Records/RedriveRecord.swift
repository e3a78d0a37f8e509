public import FoundationEssentials

/// Failures that go back to work at a rate, and how far that has come.
public struct RedriveRecord: Sendable, Codable {
    public let id: Int64
    /// `running`, `ended` or `stopped`.
    public let state: String
    /// How many failures matched when it began.
    public let total: Int
    /// How many of them have had their turn.
    public let tried: Int
    /// How many tasks went back to work, with those that had failed or were cancelled because of them.
    public let retried: Int
    public let perSecond: Double
    public let createdAt: Date
    public let createdBy: String
    public let endedAt: Date?
    /// When the last one will have its turn; nil once it has ended.
    public let endsAt: Date?
    public let filter: JSONValue

    enum CodingKeys: String, CodingKey {
        case id, state, total, tried, retried, filter
        case perSecond = "per_second"
        case createdAt = "created_at"
        case createdBy = "created_by"
        case endedAt = "ended_at"
        case endsAt = "ends_at"
    }
}
