internal import Postgres
public import Queue

/// Conversations that outlive their tasks, and what people decide.
extension TaskManager {
    /// Sessions, the latest first.
    public func sessions(limit: Int = 50) async throws -> [SessionRecord] {
        try await list(
            "select to_jsonb(s) from agentcorp.sessions s order by s.last_at desc nulls last limit $1",
            [Int32(clamping: limit)])
    }

    /// All that was said in a session, or in one of its tasks; what it has forgotten included.
    public func messages(ofSession name: String, task: Int64? = nil) async throws -> [SessionMessage] {
        try await list("select to_jsonb(m) from agentcorp.session_messages($1, $2) m", [name, task])
    }

    /// Lets the agent forget what was said until now.
    public func clearSession(_ name: String) async throws {
        _ = try await database.call("select agentcorp.clear_session($1)", [name])
    }

    /// Makes a new session that begins with the messages of another, all or up to one.
    public func forkSession(_ name: String, as newName: String, at message: Int? = nil) async throws {
        _ = try await database.call(
            "select agentcorp.fork_session($1, $2, $3)", [name, newName, message.map { Int32(clamping: $0) }])
    }

    /// Removes a session; its tasks stay as long as retention says.
    public func removeSession(_ name: String) async throws {
        _ = try await database.call("select agentcorp.remove_session($1)", [name])
    }

    /// Tool calls that wait for a person; with `isOpen` false, those that were decided or whose task has ended, too. The oldest first.
    public func approvals(isOpen: Bool = true, limit: Int = 50) async throws -> [ApprovalRecord] {
        try await list(
            """
            select to_jsonb(a) from agentcorp.approvals a
            where not $1 or a.decided_at is null and not exists (select from agentcorp.attempt x
                where x.task_id = a.task_id and x.shard = agentcorp.shard_of(a.task_id) and x.outcome between 1 and 4)
            order by a.created_at limit $2
            """,
            [isOpen, Int32(clamping: limit)])
    }

    /// Answers a request; the task goes on.
    ///
    /// - Parameters:
    ///   - decision: One of those that the request offers: `approve`, `reject`, `respond`, `again`, `fail`.
    ///   - response: With `respond` what the model is told in place of a result; with the others, a reason.
    public func decide(
        _ approval: Int64, _ decision: String, by person: String? = nil, response: String? = nil
    ) async throws {
        _ = try await database.call("select agentcorp.decide($1, $2, $3, $4)", [approval, decision, person, response])
    }

    private func list<Record: Decodable>(
        _ sql: String, _ parameters: [any PostgresEncodable]
    ) async throws -> [Record] {
        try await database.call(sql, parameters).rows.map { row in try JSONCoding.decode(try row.bytes(0)) }
    }
}
