public import JSON
internal import Postgres
internal import Queue

extension Orchestrator {
    /// Starts a run that shares with another what is as it was, and does the rest again.
    ///
    /// Done again is what `places` names and all that needs it, what another input, version or agent changes, and what had
    /// not completed. The other results are those of the original, which is kept as long as the fork.
    ///
    /// - Parameters:
    ///   - places: Tasks by their names from the outermost inwards, as `edit/#2/code` or `dig/[3]`; `write@2` goes on after
    ///     the second turn of an agent.
    ///   - input: Members that take the place of those of the original's input.
    ///   - version: Nil: that of the original.
    ///   - agents: New names by old ones.
    ///   - outputs: What tasks are to have brought, by place, instead of being done again.
    ///   - message: What the agent is told after its turn.
    /// - Throws: `QueueError` with code `unknownTask` for a run or place that is not there, and `invalidValue` for what
    ///   cannot be forked so.
    public func fork(
        _ run: Int64, at places: [String] = [], input: JSONValue? = nil, version: Int? = nil,
        agents: [String: String] = [:], outputs: [String: JSONValue] = [:], message: String? = nil,
        queue: String? = nil, priority: Int? = nil
    ) async throws -> Int64 {
        let names = agents.mapValues { JSONValue.string($0) }
        let result = try await manager.database.call(
            "select agentcorp.fork_run($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [
                run, places, input?.postgres, version.map { Int32(clamping: $0) },
                names.isEmpty ? nil : JSONValue.object(names).postgres,
                outputs.isEmpty ? nil : JSONValue.object(outputs).postgres, message, queue,
                priority.map { Int32(clamping: $0) },
            ])
        return try result.rows[0].int64(0)
    }

    /// What a run has from the one that it is a fork of: ids of tasks by their paths.
    public func sharedTasks(of run: Int64) async throws -> [String: Int64] {
        let result = try await manager.database.call("select path, id from agentcorp.shared_tasks($1)", [run])
        return try result.rows.reduce(into: [:]) { $0[try $1.string(0)] = try $1.int64(1) }
    }
}

extension Orchestrator {
    /// Two runs task by task.
    public func diff(_ a: Int64, _ b: Int64) async throws -> [RunDifference] {
        let result = try await manager.database.call(
            "select to_jsonb(d) from agentcorp.diff_runs($1, $2) d", [a, b])
        return try result.rows.map { try JSONCoding.decode(try $0.bytes(0)) }
    }
}
