public import FoundationEssentials
public import JSON

/// What was written to a key at some time.
public struct MemoryVersion: Sendable, Codable {
    public let version: Int
    /// What was given: the value, what was appended or added; nil: null, or it was deleted.
    public let change: JSONValue?
    public let isDeleted: Bool
    /// The task that wrote it; nil: none.
    public let author: Int64?
    public let writtenAt: Date

    enum CodingKeys: String, CodingKey {
        case version, change, author
        case isDeleted = "deleted"
        case writtenAt = "written_at"
    }
}
