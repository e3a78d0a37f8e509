internal import FoundationEssentials
public import Postgres

extension TaskManager {
    /// Adds many tasks of one kind by COPY, the fastest way in: all of them, or none. Returns their ids in order.
    ///
    /// Each element of `args` is a JSON document. Inside the caller's own transaction when the manager was made with a
    /// connection.
    @discardableResult
    public func enqueueBulk(
        _ kind: String, args: [PostgresJSON], queue: String = "default", priority: Int16 = 4
    ) async throws -> [Int64] {
        guard !kind.isEmpty else { throw QueueError(.invalidValue, "kind is empty", hint: "Name the handler.") }
        guard !args.isEmpty else { return [] }
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
        var stored = try args.map { try coder.seal($0, for: .args) }
        for index in stored.indices where Self.needsLook(stored[index].bytes) {
            let result = try await connection.call(
                "select agentcorp.store_payload($1, $2, 'args', $3)", [shard, ids[index], stored[index]])
            stored[index] = PostgresJSON(try result.rows[0].bytes(0))
        }
        _ = try await connection.copyIn(
            "agentcorp.task", columns: ["id", "root_id", "created_at", "queue_id", "priority", "shard", "kind", "args"]
        ) { writer in
            for (id, args) in zip(ids, stored) {
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

    /// COPY goes past the functions: what may be too large for its column, or have the key that is reserved, is shown to
    /// them first.
    private static func needsLook(_ args: [UInt8]) -> Bool {
        args.count > PayloadCoder.inlineLimit || args.contains(UInt8(ascii: "$"))
            || args.contains(UInt8(ascii: "\\")) && args.firstRange(of: "\\u0024".utf8) != nil
    }
}
