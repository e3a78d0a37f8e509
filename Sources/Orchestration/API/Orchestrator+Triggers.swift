public import JSON
internal import Postgres
internal import Queue

extension Orchestrator {
    /// When plans start by themselves.
    ///
    /// - Parameter plan: Nil: all.
    public func triggers(of plan: String? = nil) async throws -> [PlanTriggerRecord] {
        try await manager.database.json(
            """
            select coalesce(jsonb_agg(to_jsonb(t) order by t.plan, t.number), '[]') from agentcorp.plan_triggers t
            where $1::text is null or t.plan = $1
            """, [plan])
    }

    /// Pauses a trigger, or resumes it. It stays paused in the next version of the plan, if that has it too.
    ///
    /// - Parameter number: Its place in `on`, from 0.
    /// - Throws: `QueueError` with code `unknownTask` where there is none.
    public func pauseTrigger(_ number: Int, of plan: String, _ isPaused: Bool = true) async throws {
        _ = try await manager.database.call(
            "select agentcorp.pause_plan_trigger($1, $2, $3)", [plan, Int32(clamping: number), isPaused])
    }

    /// Starts a run of a plan, once for each key, also when that run has ended. A key is remembered for a year.
    public func start(
        _ plan: String, key: String, input: JSONValue = .object([:]), trigger: JSONValue? = nil
    ) async throws -> (run: Int64, isNew: Bool) {
        let result = try await manager.database.call(
            "select run_id, is_new from agentcorp.start_plan($1, $2, $3, $4)",
            [plan, key, input.postgres, trigger?.postgres])
        return (try result.rows[0].int64(0), try result.rows[0].bool(1))
    }
}
