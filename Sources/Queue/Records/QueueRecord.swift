public import FoundationEssentials

/// A queue with its depths.
public struct QueueRecord: Sendable, Codable {
    public let name: String
    public let pausedAt: Date?
    public let ready: Int
    /// Waiting to be admitted: for a slot, a token or their turn.
    public let queued: Int
    public let scheduled: Int
    public let blocked: Int
    public let running: Int
    public let completed: Int
    public let failed: Int
    public let cancelled: Int
    public let skipped: Int
    /// How long the oldest ready task has waited, in seconds.
    public let oldestReadySeconds: Double?
    /// Live workers that serve it.
    public let workers: Int

    enum CodingKeys: String, CodingKey {
        case name, ready, queued, scheduled, blocked, running, completed, failed, cancelled, skipped, workers
        case pausedAt = "paused_at"
        case oldestReadySeconds = "oldest_ready_seconds"
    }
}
