public import FoundationEssentials
internal import Postgres

extension TaskManager {
    /// Makes or changes a schedule; returns when it fires next.
    ///
    /// Setting it again as it is changes nothing, so an application may do that whenever it starts.
    @discardableResult
    public func setSchedule(_ schedule: ScheduleRequest) async throws -> Date {
        let result = try await database.call(
            """
            select agentcorp.set_schedule($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
            """,
            [
                schedule.name, schedule.cron, schedule.kind, try coder.seal(schedule.args, for: .args),
                schedule.timeZone,
                schedule.catchUp.rawValue,
                schedule.overlap.rawValue, schedule.jitter, schedule.queue, Int32(clamping: schedule.priority),
                Int32(clamping: schedule.maxAttempts), schedule.timeout, schedule.backoff,
                schedule.tags.isEmpty ? nil : schedule.tags, schedule.description, schedule.concurrencyKey,
                schedule.orderedKey, schedule.tenant,
            ])
        return Date(try result.rows[0].timestamp(0))
    }

    /// Removes a schedule; its tasks and the record of its fires stay.
    public func removeSchedule(_ name: String) async throws {
        _ = try await database.call("select agentcorp.remove_schedule($1)", [name])
    }

    /// The schedule does not fire until it is resumed; its open tasks go on.
    public func pauseSchedule(_ name: String) async throws {
        _ = try await database.call("select agentcorp.pause_schedule($1)", [name])
    }

    /// Ends a pause; returns when the schedule fires next.
    @discardableResult
    public func resumeSchedule(_ name: String) async throws -> Date {
        let result = try await database.call("select agentcorp.resume_schedule($1)", [name])
        return Date(try result.rows[0].timestamp(0))
    }

    /// Enqueues the task of a schedule now and returns its id; the timetable does not notice.
    @discardableResult
    public func runSchedule(_ name: String) async throws -> Int64 {
        let result = try await database.call("select agentcorp.run_schedule($1)", [name])
        return try result.rows[0].int64(0)
    }

    /// Schedules by name.
    public func schedules() async throws -> [ScheduleRecord] {
        try await database.json(
            """
            select coalesce(jsonb_agg(to_jsonb(s) || jsonb_build_object('jitter_seconds', extract(epoch from s.jitter))
                order by s.name), '[]') from agentcorp.schedules s
            """)
    }

    /// The next moments of a schedule.
    public func nextFires(of name: String, count: Int = 10) async throws -> [FireTime] {
        try await database.json(
            """
            select coalesce(jsonb_agg(to_jsonb(f) order by f.fire_at), '[]') from agentcorp.next_fires($1, $2) f
            """, [name, Int32(clamping: count)])
    }

    /// The next moments of a cron expression.
    public func previewSchedule(cron: String, timeZone: String = "UTC", count: Int = 10) async throws -> [FireTime] {
        try await database.json(
            """
            select coalesce(jsonb_agg(to_jsonb(f) order by f.fire_at), '[]') from agentcorp.preview_schedule($1, $2, $3) f
            """, [cron, timeZone, Int32(clamping: count)])
    }
}
