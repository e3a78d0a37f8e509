public import JSON

/// What became of a write.
public struct MemoryWrite: Sendable, Codable {
    /// False: the key has another version than the expected one.
    public let isWritten: Bool
    /// Of the key now.
    public let version: Int
    /// What is under the key now; nil: nothing, or null.
    public let value: JSONValue?

    enum CodingKeys: String, CodingKey {
        case version
        case isWritten = "written"
        case value = "current"
    }
}
