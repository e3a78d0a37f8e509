public import FoundationEssentials

/// Which moment of which schedule a task belongs to.
public struct ScheduledFire: Sendable, Equatable {
    public let schedule: String
    /// The moment of the timetable: the same however late or often the task runs.
    public let fireAt: Date

    public init(schedule: String, fireAt: Date) {
        self.schedule = schedule
        self.fireAt = fireAt
    }
}

extension ClaimedTask {
    private struct Key: Decodable {
        let uniqueKey: String?

        enum CodingKeys: String, CodingKey {
            case uniqueKey = "unique_key"
        }
    }

    /// The moment that this task was enqueued for; nil for one that no timetable enqueued.
    public var fire: ScheduledFire? {
        guard let policy, let key = (try? JSONCoding.decode(policy, as: Key.self))?.uniqueKey else { return nil }
        // `schedule:NAME:MOMENT`; a name has no colons.
        let parts = key.split(separator: ":", maxSplits: 2)
        guard parts.count == 3, parts[0] == "schedule", let moment = JSONCoding.date(String(parts[2])) else {
            return nil
        }
        return ScheduledFire(schedule: String(parts[1]), fireAt: moment)
    }
}
