public import Postgres

/// What a running task says to the database: its steps, its progress, its needs.
public struct TaskLink: Sendable {
    let database: any Database
    /// The attempt that speaks; the functions refuse it once it has ended.
    public let key: AttemptKey

    public init(_ database: any Database, _ key: AttemptKey) {
        self.database = database
        self.key = key
    }

    /// The recorded value of a step; nil when no attempt has computed it yet.
    public func step(_ name: String) async throws -> PostgresJSON? {
        let result = try await database.call("select agentcorp.step_get($1, $2)", [key.task, name])
        return try result.rows[0].bytesOrNil(0).map { PostgresJSON($0) }
    }

    /// Records the value of a step and returns what is recorded: the first one wins.
    ///
    /// Throws `QueueError` with code `leaseLost` when the attempt was ended by somebody else.
    public func putStep(_ name: String, _ value: PostgresJSON) async throws -> PostgresJSON {
        let result = try await database.call(
            "select agentcorp.step_put($1, $2, $3, $4)", [key.task, Int32(key.attempt), name, value])
        return PostgresJSON(try result.rows[0].bytes(0))
    }

    /// Shows how far the task is: a fraction from 0 to 1 and a line of text.
    public func reportProgress(_ fraction: Double?, _ message: String?) async throws {
        _ = try await database.call(
            "select agentcorp.report_progress($1, $2, $3, $4)", [key.task, Int32(key.attempt), fraction, message])
    }

    /// The tasks that this one needed, its subtasks among them, in the order of their ids; at most 100,000.
    public func needs() async throws -> [NeededTask] {
        try await database.json(
            "select coalesce(jsonb_agg(to_jsonb(n) order by n.id), '[]') from agentcorp.needs_of($1, 100000) n",
            [key.task])
    }

    /// Ends the attempt as completed, within the transaction that `database` is in.
    ///
    /// Throws `QueueError` with code `leaseLost` when somebody else has ended it; the transaction must then be rolled back.
    public func complete(worker: Int64, output: PostgresJSON?) async throws {
        let result = try await database.call(
            "select agentcorp.finish($1, $2, $3, output => $4)", [key.task, Int32(key.attempt), worker, output])
        guard try result.rows[0].bool(0) else {
            throw QueueError(.leaseLost, "attempt \(key.attempt) of task \(key.task) has ended", sqlState: "AC002")
        }
    }
}
