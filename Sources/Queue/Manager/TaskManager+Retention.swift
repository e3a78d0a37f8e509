internal import Postgres

extension TaskManager {
    /// Sets how long trees are kept after their root has ended, by its queue and outcome.
    ///
    /// - Parameter keep: Nil keeps them for ever.
    /// - Parameter queue: Nil stands for all queues.
    /// - Parameter outcome: `completed`, `failed`, `cancelled` or `skipped`; nil stands for all.
    /// - Parameter archives: Whether they are copied to `agentcorp.archive` before they are deleted.
    public func setRetention(
        keep: Duration?, queue: String? = nil, outcome: String? = nil, archives: Bool = false
    ) async throws {
        _ = try await database.call(
            "select agentcorp.set_retention(justify_hours($1), $2, $3, $4)",
            [keep, queue, outcome, archives ? "table" : "none"])
    }

    /// Removes a rule; the next less exact one counts again. False: there was none.
    @discardableResult
    public func removeRetention(queue: String? = nil, outcome: String? = nil) async throws -> Bool {
        try await database.call("select agentcorp.remove_retention($1, $2)", [queue, outcome]).rows[0].bool(0)
    }

    /// The rules, those for all queues first.
    public func retentionRules() async throws -> [RetentionRule] {
        try await database.json(
            """
            select coalesce(jsonb_agg(jsonb_build_object('queue', r.queue, 'outcome', r.outcome, 'archive', r.archive,
                'keep_seconds', extract(epoch from r.keep)) order by r.queue nulls first, r.outcome nulls first), '[]')
            from agentcorp.retention_rules r
            """)
    }

    /// Deletes everything that has been kept long enough, as fast as that goes, in small transactions.
    ///
    /// - Parameter progress: Called after each of them with the number of tasks so far.
    /// - Returns: How many trees and tasks went.
    @discardableResult
    public func prune(progress: (Int) -> Void = { _ in }) async throws -> (trees: Int, tasks: Int) {
        let link = CoordinatorLink(database)
        var total = (trees: 0, tasks: 0)
        for shard in try await database.shards() {
            var outcome: (trees: Int, tasks: Int, more: Bool)
            repeat {
                outcome = try await link.prune(shard: shard)
                total.trees += outcome.trees
                total.tasks += outcome.tasks
                progress(total.tasks)
            } while outcome.more
        }
        return total
    }
}
