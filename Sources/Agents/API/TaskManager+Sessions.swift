internal import Postgres
public import Queue

/// Conversations that outlive their tasks.
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

    func list<Record: Decodable>(
        _ sql: String, _ parameters: [any PostgresEncodable]
    ) async throws -> [Record] {
        try await database.call(sql, parameters).rows.map { row in try JSONCoding.decode(try row.bytes(0)) }
    }
}
