internal import Postgres

extension TaskManager {
    /// Limits a queue; replaces an earlier limit of it.
    public func setLimit(queue: String, _ limit: LimitRequest) async throws {
        try await setLimit(limit, queue: queue, key: nil)
    }

    /// Limits a concurrency key, or with `prefix*` each key that begins so; replaces an earlier limit of it.
    public func setLimit(key: String, _ limit: LimitRequest) async throws {
        try await setLimit(limit, queue: nil, key: key)
    }

    private func setLimit(_ limit: LimitRequest, queue: String?, key: String?) async throws {
        _ = try await database.call(
            "select agentcorp.set_limit($1, $2, $3, $4, $5, $6)",
            [
                queue, key, limit.concurrency.map { Int32(clamping: $0) }, limit.rate.map { Int32(clamping: $0) },
                limit.per, limit.burst.map { Int32(clamping: $0) },
            ], deadline: Self.treeDeadline)
    }

    /// Ends the limit of a queue or of a key; false when there was none.
    @discardableResult
    public func removeLimit(queue: String? = nil, key: String? = nil) async throws -> Bool {
        try await database.call("select agentcorp.remove_limit($1, $2)", [queue, key]).rows[0].bool(0)
    }

    /// How many tasks a tenant gets in each round, against 1 for others; 0.001 to 1000.
    public func setWeight(tenant: String, _ weight: Double) async throws {
        _ = try await database.call("select agentcorp.set_weight($1, $2)", [tenant, weight])
    }

    /// Limits, with what is taken of each.
    public func limits() async throws -> [LimitRecord] {
        try await database.json(
            """
            select coalesce(jsonb_agg(to_jsonb(l) - 'per' || jsonb_build_object('per_seconds', extract(epoch from l.per))
                order by l.queue, l.key), '[]') from agentcorp.limits l
            """)
    }

    /// What waits to be admitted, the longest lines first.
    public func lines(limit: Int = 100) async throws -> [LineRecord] {
        try await database.json(
            """
            select coalesce(jsonb_agg(to_jsonb(l) order by l.waiting desc, l.queue, l.tenant, l.concurrency_key, l.ordered_key), '[]')
            from (select * from agentcorp.lines l order by l.waiting desc limit $1) l
            """, [Int32(clamping: limit)])
    }
}
