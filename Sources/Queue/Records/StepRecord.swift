public import FoundationEssentials

/// A step that a task has recorded.
public struct StepRecord: Sendable, Codable {
    public let name: String
    /// Which attempt computed it; 0 when a fork took it over.
    public let attempt: Int
    public let createdAt: Date
    /// As PostgreSQL stores it; the size of the text when it is over 256 KiB.
    public let bytes: Int
    /// Ciphertext, where this process does not have the key.
    public internal(set) var value: JSONValue?

    enum CodingKeys: String, CodingKey {
        case name, attempt, bytes, value
        case createdAt = "created_at"
    }
}
