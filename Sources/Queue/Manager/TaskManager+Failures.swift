public import FoundationEssentials
public import Postgres

extension TaskManager {
    /// Dead letters that match a filter as of `retryMany`, newest tasks first; `before` is the id to go on from.
    public func failures(_ filter: PostgresJSON = PostgresJSON("{}"), before: Int64? = nil, limit: Int = 50)
        async throws
        -> [FailureRecord]
    {
        try await database.json(
            """
            select coalesce(jsonb_agg(to_jsonb(f) order by f.task_id desc), '[]') from agentcorp.list_failures($1, $2, $3) f
            """, [filter, before, Int32(clamping: limit)])
    }

    /// Dead letters by fingerprint, kind and queue, the most frequent first.
    public func failureGroups(queue: String? = nil, kind: String? = nil, limit: Int = 50) async throws -> [FailureGroup]
    {
        try await database.json(
            """
            select coalesce(jsonb_agg(to_jsonb(g) order by g.failures desc, g.last_at desc), '[]') from agentcorp.failure_groups($1, $2, $3) g
            """, [queue, kind, Int32(clamping: limit)])
    }

    /// Puts failures that match a filter as of `retryMany` back to work at a rate, through the coordinator.
    ///
    /// - Returns: The id of the redrive, how many failures match, and when the last of them will go.
    public func redrive(
        _ filter: PostgresJSON = PostgresJSON("{}"), perSecond: Double, startAt: Date? = nil, by who: String? = nil
    ) async throws -> (id: Int64, tasks: Int, lastAt: Date) {
        let result = try await database.call(
            "select * from agentcorp.redrive($1, $2, $3, coalesce($4, session_user::text))",
            [filter, perSecond, startAt.map { PostgresTimestamp($0) }, who], deadline: Self.treeDeadline)
        let row = result.rows[0]
        return (try row.int64(0), Int(try row.int32(1)), try row.timestamp(2).date)
    }

    /// Redrives, newest first.
    public func redrives(limit: Int = 50) async throws -> [RedriveRecord] {
        try await database.json(
            """
            select coalesce(jsonb_agg(to_jsonb(r) order by r.id desc), '[]')
            from (select r.* from agentcorp.redrives r order by r.id desc limit $1) r
            """, [Int32(clamping: limit)])
    }

    /// Ends a redrive: what has not gone back to work stays with the dead letters.
    ///
    /// - Returns: False when it had ended already.
    @discardableResult
    public func stopRedrive(_ id: Int64) async throws -> Bool {
        try await database.call("select agentcorp.stop_redrive($1)", [id]).rows[0].bool(0)
    }

    /// Takes a failed task out of the dead letters; it stays in history, and only `retry` with its id brings it back.
    public func discard(_ task: Int64, reason: String, by who: String? = nil) async throws {
        _ = try await database.call(
            "select agentcorp.discard($1, $2, coalesce($3, session_user::text))", [task, reason, who])
    }

    /// Discards all failures that match a filter as of `retryMany`; returns how many.
    @discardableResult
    public func discardMany(_ filter: PostgresJSON, reason: String, by who: String? = nil) async throws -> Int {
        let result = try await database.call(
            "select agentcorp.discard_many($1, $2, coalesce($3, session_user::text))", [filter, reason, who],
            deadline: Self.treeDeadline)
        return Int(try result.rows[0].int32(0))
    }
}
