internal import FoundationEssentials
public import Postgres

extension TaskManager {
    /// Adds many tasks of one kind by COPY, the fastest way in: all of them, or none. Returns their ids in order.
    ///
    /// Each element of `args` is a JSON document of at most 256 KiB. Inside the caller's own transaction when the manager
    /// was made with a connection.
    @discardableResult
    public func enqueueBulk(
        _ kind: String, args: [PostgresJSON], queue: String = "default", priority: Int16 = 4
    ) async throws -> [Int64] {
        guard !kind.isEmpty else { throw QueueError(.invalidValue, "kind is empty", hint: "Name the handler.") }
        guard !args.isEmpty else { return [] }
        if let large = args.firstIndex(where: { $0.bytes.count > 262_144 }) {
            throw QueueError(
                .tooLarge, "args \(large) are \(args[large].bytes.count / 1024) KiB; the limit is 256 KiB",
                hint: "Store large data elsewhere and pass a reference to it.")
        }
        if let pool = database as? PostgresPool {
            return try await pool.transaction { try await load(kind, args, queue, priority, $0) }
        }
        guard let connection = database as? PostgresConnection else {
            throw QueueError(.invalidValue, "a bulk load needs a PostgresPool or a PostgresConnection")
        }
        return try await load(kind, args, queue, priority, connection)
    }

    private func load(
        _ kind: String, _ args: [PostgresJSON], _ queue: String, _ priority: Int16, _ connection: PostgresConnection
    ) async throws -> [Int64] {
        let begun = try await connection.call("select * from agentcorp.bulk_begin($1, $2)", [queue, Int32(args.count)])
        let row = begun.rows[0]
        let ids = try row.int64Array(0)
        let queueID = try row.int32(1)
        let shard = try row.int16(2)
        let seq = try row.int64(3)
        let createdAt = try row.timestamp(4)
        _ = try await connection.copyIn(
            "agentcorp.task", columns: ["id", "root_id", "created_at", "queue_id", "priority", "shard", "kind", "args"]
        ) { writer in
            for (id, args) in zip(ids, args) {
                try await writer.append(id, id, createdAt, queueID, priority, shard, kind, args)
            }
        }
        _ = try await connection.copyIn(
            "agentcorp.ready", columns: ["seq", "task_id", "queue_id", "priority", "shard", "attempt"]
        ) { writer in
            for (index, id) in ids.enumerated() {
                try await writer.append(seq + Int64(index), id, queueID, priority, shard, Int16(1))
            }
        }
        _ = try await connection.call(
            "select agentcorp.bulk_end($1, $2, $3)", [shard, queueID, Int32(args.count)])
        return ids
    }
}
