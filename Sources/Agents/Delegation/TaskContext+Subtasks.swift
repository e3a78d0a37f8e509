internal import JSON
internal import Postgres
internal import Queue
internal import Worker

extension TaskContext {
    /// Adds subtasks with the queue and the priority of this task, to it or to one below it. One with a name is added once.
    ///
    /// They are not encrypted, as nothing is that agents say.
    func handOn(_ subtasks: [JSONValue], below parent: Int64? = nil) async throws -> [Int64] {
        let result = try await pool.call(
            "select * from agentcorp.hand_on($1, $2, $3)",
            [task.id, PostgresJSON(JSONValue.array(subtasks).bytes), parent])
        return try result.rows.map { row throws in try row.int64(0) }
    }

    /// For kinds whose subtasks, or conversations, would lie in the database in the clear.
    func refuseEncryptedArguments() throws {
        guard task.argsWereEncrypted else { return }
        throw PermanentFailure(
            "the arguments are encrypted, but what an agent says and hears would not be; enqueue it without a key",
            reason: "arguments")
    }
}
