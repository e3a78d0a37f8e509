public import FoundationEssentials

/// A worker process.
public struct WorkerRecord: Sendable, Codable, Identifiable {
    public let id: Int64
    public let host: String
    public let pid: Int
    public let version: String
    public let queues: [String]
    public let concurrency: Int
    public let kinds: [String]
    /// `alive`, `silent` (no beat for 15 seconds), `stopped` or `lost`.
    public let state: String
    public let startedAt: Date
    public let beatAt: Date
    public let stoppedAt: Date?
    /// Tasks that it runs or has claimed.
    public let holding: Int

    enum CodingKeys: String, CodingKey {
        case id, host, pid, version, queues, concurrency, kinds, state, holding
        case startedAt = "started_at"
        case beatAt = "beat_at"
        case stoppedAt = "stopped_at"
    }
}
