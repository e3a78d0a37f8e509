public import FoundationEssentials
public import Postgres

extension TaskManager {
    /// The moment so long ago, by the database's clock, in whole seconds: the end of the one that runs.
    public func moment(_ ago: Duration) async throws -> Date {
        try await database.call(
            "select date_trunc('second', agentcorp.clock() - $1::interval) + interval '1 second'", [ago]
        ).rows[0].timestamp(0).date
    }

    /// The shards of this server: trees are exported shard by shard.
    public func exportShards() async throws -> [Int16] { try await database.shards() }

    /// Ended trees in the order of their ids, from among the next few thousand tasks after `after`.
    public func endedTrees(
        shard: Int16, after: Int64, until: Date, queue: String? = nil, outcome: String? = nil
    ) async throws -> EndedTrees? {
        let result = try await database.call(
            "select * from agentcorp.ended_trees($1, $2, $3, $4, $5)",
            [shard, after, PostgresTimestamp(until), queue, outcome])
        let row = result.rows[0]
        guard let reached = try row.int64OrNil(2) else { return nil }
        return EndedTrees(
            shard: shard, roots: try row.int64Array(0), attempts: try row.int16Array(1), reached: reached)
    }

    /// All tasks of these trees, level by level.
    public func members(of trees: EndedTrees) async throws -> [Int64] {
        let result = try await database.call(
            "select m.ids from agentcorp.tree_members($1, $2) m", [trees.shard, trees.roots],
            deadline: Self.treeDeadline)
        return try result.rows[0].int64Array(0)
    }

    /// All there is to know about ended tasks, a JSON document for each.
    public func documents(shard: Int16, of tasks: [Int64]) async throws -> [PostgresJSON] {
        let result = try await database.call(
            "select d.document from agentcorp.documents($1, $2) d", [shard, tasks], deadline: Self.treeDeadline)
        return try result.rows.map { row throws in PostgresJSON(try row.bytes(0)) }
    }

    /// Deletes those of the trees that are still as they were found, and that no open task needs.
    ///
    /// - Returns: How many trees and tasks went.
    public func delete(_ trees: EndedTrees) async throws -> (trees: Int, tasks: Int) {
        let result = try await database.call(
            "select * from agentcorp.delete_trees($1, $2, $3)", [trees.shard, trees.roots, trees.attempts],
            deadline: Self.treeDeadline)
        return (Int(try result.rows[0].int32(0)), Int(try result.rows[0].int32(1)))
    }
}
