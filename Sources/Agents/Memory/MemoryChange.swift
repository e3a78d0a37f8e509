public import JSON

/// A key that was written, as it was when it was looked at.
public struct MemoryChange: Sendable, Codable {
    public let key: String
    public let version: Int
    public let isDeleted: Bool
    /// Nil where it is null, was deleted, or takes over 8 KiB.
    public let value: JSONValue?
    /// The task that wrote it; nil: none.
    public let author: Int64?

    enum CodingKeys: String, CodingKey {
        case key, version, value, author
        case isDeleted = "deleted"
    }
}
