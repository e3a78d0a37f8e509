internal import Postgres

extension CoordinatorLink {
    /// Ends waits whose time is over; says how many, and when the next one is due.
    public func expireWaits(shard: Int16, limit: Int = 1000) async throws -> (expired: Int, nextDue: Duration?) {
        let result = try await database.call(
            "select * from agentcorp.expire_waits($1, $2)", [shard, Int32(clamping: limit)])
        let row = result.rows[0]
        return (Int(try row.int32(0)), try row.int64OrNil(1).map { .milliseconds($0) })
    }

    /// Finds waits whose event is there, among the next `limit` of them; says where to go on, nil at the end.
    public func sweepWaits(
        shard: Int16, after task: Int64 = 0, limit: Int = 1000
    ) async throws -> (woken: Int, next: Int64?) {
        let result = try await database.call(
            "select * from agentcorp.sweep_waits($1, $2, $3)", [shard, task, Int32(clamping: limit)])
        let row = result.rows[0]
        return (Int(try row.int32(0)), try row.int64OrNil(1))
    }
}
