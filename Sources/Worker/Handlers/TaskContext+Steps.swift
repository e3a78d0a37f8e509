public import Postgres
internal import Queue

extension TaskContext {
    /// Computes a value once: a later attempt, on whatever machine, gets the recorded one.
    ///
    /// The value is committed before this returns. If the process dies between the body's effect and the commit, the
    /// body runs again; give its effect `key` and the name as an idempotency key, or use `stepInTransaction`. A body that
    /// throws records nothing. Names that repeat are numbered in their order (`fetch`, `fetch#2`, ...); steps that run
    /// at the same time need different names.
    public func step<Value: Codable & Sendable>(
        _ name: String, retry: StepRetry = .none, _ body: () async throws -> Value
    ) async throws -> Value {
        try await steps.named(name) { name in
            if let recorded = try await steps.recorded(name, link) { return try unwrap(recorded, name) }
            let value = try wrap(try await retry.run(body))
            return try unwrap(try await link.putStep(name, value), name)
        }
    }

    /// Computes a value once, in a transaction of the database: what the body writes there and the step are committed
    /// together, so neither happens twice or without the other.
    ///
    /// The body may run again when the server asks for it (serialization failures, deadlocks). Throws `QueueError` with
    /// code `leaseLost`, and rolls back, when somebody else has ended the attempt.
    public func stepInTransaction<Value: Codable & Sendable>(
        _ name: String, _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        try await steps.named(name) { name in
            let recorded = try await recordInTransaction(name) { try wrap(try await body($0)) }
            return try unwrap(recorded, name)
        }
    }

    /// Adds subtasks, `[{"kind": ..., "name": ..., "needs": [...]}, ...]`, as a step: a later attempt finds those of the
    /// first. The n-th call of an execution finds those of the n-th.
    @discardableResult
    public func addSubtasks(_ subtasks: PostgresJSON, step: String = "subtasks") async throws -> [Int64] {
        try await addOnce(step) { try await TaskManager($0, cipher: cipher).addSubtasks(subtasks, to: task.id) }
    }

    /// Adds tasks to the batch that this task is a member of, as a step: a later attempt finds those of the first.
    @discardableResult
    public func addToBatch(_ tasks: PostgresJSON, step: String = "batch") async throws -> [Int64] {
        guard let batch = task.parentID else {
            throw PermanentFailure("task \(task.id) is in no batch", reason: "batch")
        }
        return try await addOnce(step) { try await TaskManager($0, cipher: cipher).addToBatch(batch, tasks) }
    }

    private func addOnce(
        _ step: String, _ add: (PostgresConnection) async throws -> [Int64]
    ) async throws -> [Int64] {
        try await steps.named(step) { name in
            let recorded = try await recordInTransaction(name) { try JSONCoding.encode(try await add($0)) }
            return try decode(recorded, name)
        }
    }

    private func recordInTransaction(
        _ name: String, _ body: (PostgresConnection) async throws -> PostgresJSON
    ) async throws -> PostgresJSON {
        if let recorded = try await steps.recorded(name, link) { return recorded }
        do {
            return try await pool.transaction { connection in
                let value = try await body(connection)
                return try await TaskLink(connection, key, cipher: cipher).putStep(name, value, once: true)
            }
        } catch let error as QueueError where error.code == .wrongState {
            // Another execution of this attempt was first: the task had been given back while its handler went on.
            guard let recorded = try await link.step(name) else { throw error }
            return recorded
        }
    }

    // In an array, because a bare fragment such as `null` has no place in every decoder.
    private func wrap(_ value: some Encodable) throws -> PostgresJSON { try JSONCoding.encode([value]) }

    private func unwrap<Value: Codable>(_ recorded: PostgresJSON, _ name: String) throws -> Value {
        let values: [Value] = try decode(recorded, name)
        guard let value = values.first else {
            throw PermanentFailure("step \"\(name)\" has recorded no value", reason: "step")
        }
        return value
    }

    private func decode<Value: Decodable>(_ recorded: PostgresJSON, _ name: String) throws -> Value {
        do {
            return try JSONCoding.decode(recorded.bytes)
        } catch let error as DecodingError {
            throw PermanentFailure("what step \"\(name)\" has recorded does not fit: \(error.summary)", reason: "step")
        }
    }
}
