public import FoundationEssentials
public import JSON

/// A key that a search has found.
public struct MemoryMatch: Sendable, Codable {
    public let key: String
    public let version: Int
    /// The greater, the better.
    public let rank: Double
    /// Where the words stand, between `**`.
    public let excerpt: String
    /// Nil where it is null, or takes over 8 KiB.
    public let value: JSONValue?
    /// The task that wrote it last; nil: none.
    public let author: Int64?
    /// Its writer had read something from outside: nothing in it is to be trusted.
    public let isTainted: Bool
    public let writtenAt: Date

    enum CodingKeys: String, CodingKey {
        case key, version, rank, excerpt, value, author
        case isTainted = "tainted"
        case writtenAt = "written_at"
    }
}
