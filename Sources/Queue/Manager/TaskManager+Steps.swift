public import Postgres

extension TaskManager {
    /// The steps that a task has recorded, in their order.
    public func steps(of task: Int64) async throws -> [StepRecord] {
        // A row each: all values in one JSON document could be more than jsonb holds.
        let result = try await database.call(
            "select to_jsonb(s) from agentcorp.steps($1) with ordinality s order by s.ordinality", [task])
        return try result.rows.map { row throws in
            var step = try JSONCoding.decode(try row.bytes(0), as: StepRecord.self)
            step.value = step.value.map { (try? coder.open($0, for: .step(name: step.name))) ?? $0 }
            return step
        }
    }

    /// Starts a new run of a task, whatever its state, and returns its id.
    ///
    /// - Parameters:
    ///   - step: The run has the steps recorded before this one, and computes it and the later ones again. Nil: all of them.
    ///   - args: Other arguments than those of the original.
    @discardableResult
    public func fork(_ task: Int64, at step: String? = nil, args: PostgresJSON? = nil) async throws -> Int64 {
        let result = try await database.call(
            "select agentcorp.fork($1, $2, $3)", [task, step, try args.map { try coder.seal($0, for: .args) }])
        return try result.rows[0].int64(0)
    }
}
