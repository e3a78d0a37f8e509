public import FoundationEssentials

/// A schedule: when it fires, and how its last task stands.
public struct ScheduleRecord: Sendable, Codable {
    public let name: String
    public let cron: String
    public let timeZone: String
    public let kind: String
    public let queue: String
    /// A word of `ScheduleRequest.CatchUp`.
    public let catchUp: String
    /// A word of `ScheduleRequest.Overlap`.
    public let overlap: String
    public let jitterSeconds: Double
    public let pausedAt: Date?
    /// Nil while it is paused.
    public let nextFireAt: Date?
    public let lastFireAt: Date?
    /// The task of the last fire.
    public let lastTaskID: Int64?
    /// Nil before the first fire, and when the task has been pruned.
    public let lastState: TaskState?
    /// How often it has fired.
    public let fired: Int
    /// How often it has not, because it was too late or the last task was still open.
    public let skipped: Int
    /// Why it could not fire when its time last came.
    public let error: String?
    public let failedAt: Date?
    public let description: String?
    public let createdAt: Date
    public let updatedAt: Date
    /// The fields of the task: `args`, `priority` and so on.
    public let task: JSONValue

    enum CodingKeys: String, CodingKey {
        case name, cron, kind, queue, overlap, fired, skipped, error, description, task
        case timeZone = "time_zone"
        case catchUp = "catch_up"
        case jitterSeconds = "jitter_seconds"
        case pausedAt = "paused_at"
        case nextFireAt = "next_fire_at"
        case lastFireAt = "last_fire_at"
        case lastTaskID = "last_task_id"
        case lastState = "last_state"
        case failedAt = "failed_at"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }
}
