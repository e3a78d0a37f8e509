public import Postgres

extension TaskManager {
    /// Creates a batch and returns its id, which is that of a task: it can be cancelled, retried, needed and watched.
    @discardableResult
    public func createBatch(_ batch: BatchRequest) async throws -> Int64 {
        let result = try await database.call(
            "select agentcorp.create_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            [
                batch.name, try batch.tasks.map { try coder.seal(tasks: $0) }, batch.onComplete, batch.onFailure,
                batch.onSettled, batch.isSealed,
                batch.parentID, batch.uniqueKey, batch.queue, batch.tags.isEmpty ? nil : batch.tags,
                batch.tenant,
            ], deadline: Self.treeDeadline)
        return try result.rows[0].int64(0)
    }

    /// Adds tasks to a batch and returns their ids in order; one with a name is added once.
    ///
    /// Throws `QueueError` with code `wrongState` when the batch has settled.
    @discardableResult
    public func addToBatch(_ batch: Int64, _ tasks: PostgresJSON) async throws -> [Int64] {
        let result = try await database.call(
            "select * from agentcorp.add_to_batch($1, $2)", [batch, try coder.seal(tasks: tasks)],
            deadline: Self.treeDeadline)
        return try result.rows.map { row throws in try row.int64(0) }
    }

    /// Lets a batch settle when its tasks have ended. They may add more until then.
    public func sealBatch(_ batch: Int64) async throws {
        _ = try await database.call("select agentcorp.seal_batch($1)", [batch])
    }

    /// Batches, newest first, with how far they are.
    ///
    /// - Parameters:
    ///   - isOpen: Only those that have not settled, or only those that have.
    ///   - before: Only batches with smaller ids: the last id of the page before.
    public func batches(isOpen: Bool? = nil, before: Int64? = nil, limit: Int = 50) async throws -> [BatchRecord] {
        try await database.json(
            """
            select coalesce(jsonb_agg(to_jsonb(b) order by b.id desc), '[]') from (select * from agentcorp.batches b
                where ($1 is null or (b.state = 'waiting') = $1) and ($2 is null or b.id < $2) order by b.id desc limit $3) b
            """, [isOpen, before, Int32(clamping: limit)])
    }

    /// One batch. Throws `QueueError` with code `unknownTask` when there is none with that id.
    public func batch(_ id: Int64) async throws -> BatchRecord {
        let found: [BatchRecord] = try await database.json(
            "select coalesce(jsonb_agg(to_jsonb(b)), '[]') from agentcorp.batches b where b.id = $1", [id])
        guard let batch = found.first else {
            throw QueueError(.unknownTask, "unknown batch \(id)", hint: "Look it up with: agentcorp batches list")
        }
        return batch
    }
}
