internal import Postgres

/// Looking at runs of plans.
extension TaskManager {
    /// Runs, newest first.
    ///
    /// - Parameters:
    ///   - state: `running`, `completed`, `failed`, ...; nil: any.
    ///   - before: Only runs with smaller ids.
    public func runs(
        of plan: String? = nil, state: String? = nil, before: Int64? = nil, limit: Int = 50
    ) async throws -> [RunRecord] {
        try await database.json(
            "select coalesce(jsonb_agg(to_jsonb(r) order by r.id desc), '[]') from agentcorp.list_runs($1, $2, $3, $4) r",
            [plan, state, before, Int32(clamping: limit)])
    }

    /// A run and what is below it, depth first, in one statement however large it is.
    ///
    /// - Parameter siblings: Of the subtasks of one task at most so many: those that failed or run come first.
    public func run(_ id: Int64, siblings: Int = 50) async throws -> [RunNode] {
        let result = try await database.call(
            """
            select coalesce(jsonb_agg(to_jsonb(n) order by n.ordinality), '[]') from agentcorp.run_tree($1, $2) with ordinality n
            """, [id, Int32(clamping: siblings)], deadline: Self.treeDeadline)
        return try JSONCoding.decode(try result.rows[0].bytes(0))
    }

    /// Outputs in short, and what was evaluated, of tasks by their ids.
    public func notes(of tasks: [Int64]) async throws -> [Int64: TaskNotes] {
        let found: [String: TaskNotes] = try await database.json(
            """
            select coalesce(jsonb_object_agg(n.task_id, jsonb_build_object('output', n.output, 'facts', to_jsonb(n.facts))), '{}')
            from agentcorp.task_notes($1) n
            """, [tasks])
        return Dictionary(uniqueKeysWithValues: found.compactMap { key, value in Int64(key).map { ($0, value) } })
    }

    /// Why a task does not run, or why it ended as it did, down to the task that everything waits for or that failed first.
    public func why(_ task: Int64) async throws -> [Explanation] {
        try await database.json(
            "select coalesce(jsonb_agg(to_jsonb(w) - 'ordinality' order by w.ordinality), '[]') from agentcorp.why($1) with ordinality w",
            [task])
    }

    /// Puts a run that has failed, or was cancelled, back to work: what completed stays, what failed runs again, with all
    /// that was cancelled for it. Returns how many tasks that are.
    ///
    /// - Parameter task: The run, or any task of it.
    @discardableResult
    public func retryRun(_ task: Int64) async throws -> Int {
        let result = try await database.call(
            "select agentcorp.retry_run($1)", [task], deadline: Self.treeDeadline)
        return Int(try result.rows[0].int32(0))
    }
}
