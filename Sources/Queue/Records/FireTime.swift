public import FoundationEssentials

/// A moment of a timetable.
public struct FireTime: Sendable, Codable {
    public let fireAt: Date
    /// What the clocks of the schedule's time zone show then, as `2026-01-31T09:30:00`.
    public let localTime: String

    enum CodingKeys: String, CodingKey {
        case fireAt = "fire_at"
        case localTime = "local_time"
    }
}
