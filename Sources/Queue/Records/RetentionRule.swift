/// How long ended trees are kept.
public struct RetentionRule: Sendable, Codable {
    /// The queue of the root; nil stands for all.
    public let queue: String?
    /// How the root ended; nil stands for all.
    public let outcome: String?
    /// For how long after the end, in seconds; nil: for ever.
    public let keepSeconds: Double?
    /// `table` when trees are copied to the archive before they are deleted, else `none`.
    public let archive: String

    enum CodingKeys: String, CodingKey {
        case queue, outcome, archive
        case keepSeconds = "keep_seconds"
    }
}
