import Migrations
import TestSupport
import Testing

/// The schema with its tree tables partitioned by shard: what works on shard 0 here works on a cluster.
@Suite(.database)
struct TwinTests {
    private static let local = ["shard", "queue", "worker", "leader", "subscription", "redrive", "retention"]

    /// A migration with two partitions for every table of a tree.
    private static func partitioned(_ sql: String) -> String {
        var table: String?
        return sql.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let start = "create table agentcorp."
            if line.hasPrefix(start) {
                let name = String(line.dropFirst(start.count).prefix { $0 != " " })
                table = local.contains(name) ? nil : name
            }
            guard let name = table, line.hasPrefix(")") else { return String(line) }
            table = nil
            return ") partition by list (shard);\n"
                + (0...1).map {
                    "create table \(start.dropFirst(13))\(name)_\($0) partition of agentcorp.\(name) for values in (\($0));"
                }
                .joined(separator: "\n")
        }.joined(separator: "\n")
    }

    @Test("nothing that works on one shard looks at another")
    func oneShard() async throws {
        let builder = try await Session.open()
        for migration in Migration.all {
            let hasTables = ["tables", "events", "dead_letters", "retention", "budgets", "memory"].contains(
                migration.name)
            try await builder.run(hasTables ? Self.partitioned(migration.up) : migration.up)
        }
        let sql = try await Session.open()
        #expect(try await sql.int("select count(*) from pg_partitioned_table") >= 14)

        let worker = try await sql.worker()
        try await sql.run("begin")
        let root = try await sql.tree(
            """
            {"kind":"r","subtasks":[{"kind":"a","name":"a"},{"kind":"b","name":"b","needs":["a"]},{"kind":"c","name":"c","priority":0},
              {"kind":"d","needs":["a","c"],"join":"any"},{"kind":"e","name":"e","run_at":"2100-01-01"}]}
            """)
        let other = try await sql.enqueue("'x', unique_key => 'k', priority => 9, needs => array[\(root)]::bigint[]")
        #expect(try await sql.enqueue("'x', unique_key => 'k'") == other)
        try await sql.enqueue("'y', unique_key => 'y', run_at => '2100-01-01'")
        try await sql.enqueue("'y', unique_key => 'y', on_conflict => 'replace'")
        try await sql.run(
            "select agentcorp.enqueue_many('[{\"kind\": \"m\"}, {\"kind\": \"m\", \"run_at\": \"2100-01-01\"}]')")
        #expect(try await sql.claim(worker) == [root + 3])
        try await sql.run("select agentcorp.add_subtask(\(root + 3), 'child', name => 'child')")
        try await sql.run("select agentcorp.add_subtasks(\(root + 3), '[{\"kind\": \"g\", \"needs\": [\"child\"]}]')")
        try await sql.run("select agentcorp.add_dependency(\(other), \(root + 1))")
        try await sql.run("select agentcorp.step_put(\(root + 3), 1, 's', '1'), agentcorp.step_get(\(root + 3), 's')")
        try await sql.run("select agentcorp.report_progress(\(root + 3), 1, 0.5)")
        try await sql.finish(root + 3, worker, "'suspended'")
        let waiter = try await sql.enqueue("'w', priority => 0, queue => 'default'")
        #expect(try await sql.claim(worker) == [waiter])
        #expect(try await sql.await(waiter, 1, "'e', 't', 'k', '1 hour'") == "")
        #expect(try await sql.await(waiter, 1, "'f', 't'") == "")
        try await sql.finish(waiter, worker, "'suspended'")
        try await sql.run("select agentcorp.expire_waits(0::smallint), agentcorp.sweep_waits(0::smallint)")
        try await sql.emit("'t', '1', 'k'")
        try await sql.run("select agentcorp.cancel(\(waiter))")
        #expect(try await sql.claim(worker, 2).count == 2)
        try await sql.run(
            "select agentcorp.release(0::smallint, \(worker), (select task_ids[2:] from agentcorp.claim where shard = 0))"
        )
        try await sql.finish(root + 1, worker)
        try await sql.settle()
        try await sql.run("select agentcorp.cancel(\(root + 2))")
        try await sql.settle()
        #expect(try await sql.state(root) == "cancelled")
        try await sql.run("select agentcorp.retry(\(root))")
        try await sql.settle()
        #expect(try await sql.states(root).contains("e scheduled"))
        try await sql.setClock("100 years")
        try await sql.run("select agentcorp.promote(0::smallint), agentcorp.fold_counts(0::smallint)")
        try await sql.run("update agentcorp.worker set beat_at = agentcorp.clock()")
        for _ in 1...10 { try await sql.drain(worker) }
        #expect(try await sql.state(other) == "completed")
        try await sql.run(
            """
            select agentcorp.set_budget(\(other), 1), agentcorp.set_provider_limit('p', '*', 1, 10, 1000), agentcorp.cool_down('p', 'n', 'tomorrow'),
                agentcorp.budget_left(\(other)), agentcorp.reserve(0::smallint, \(other), 1, 1, 'p', 'm', 0.1, 10);
            select agentcorp.settle(0::smallint, \(other), 1, 0.2, 20), agentcorp.reserve(0::smallint, \(other), 1, 2, 'p', 'm', 0.1, 10);
            select agentcorp.sweep_reservations(0::smallint), agentcorp.remove_budget(\(other));
            select agentcorp.memory_set('run', '\(root)', 'k', '1', author_task => \(root + 1)), agentcorp.memory_get('run', '\(root)', 'k'),
                agentcorp.memory_history('run', '\(root)', 'k'), agentcorp.memory_search('run', '\(root)', 'k'), agentcorp.memory_list('run', '\(root)');
            select agentcorp.memory_delete('run', '\(root)', 'k');
            """)
        let failed = try await sql.enqueue("'f', priority => 0")
        #expect(try await sql.claim(worker) == [failed])
        try await sql.finish(failed, worker, "'failed', retry => false")
        try await sql.run("select agentcorp.discard(\(failed), 'seen')")
        try await builder.run("select agentcorp.set_retention('0', archive => 'table')")
        #expect(try await sql.int("select tasks from agentcorp.prune(0::smallint)") > 10)
        let touched = """
            select s.relname from pg_stat_xact_user_tables s
            where s.relname like '%PARTITION' and s.schemaname = 'agentcorp' and coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0) + s.n_tup_ins + s.n_tup_upd + s.n_tup_del > 0
            order by 1
            """
        let others = try await sql.rows(touched.replacing("PARTITION", with: "\\_1"))
        #expect(others.isEmpty)
        #expect(try await sql.rows(touched.replacing("PARTITION", with: "\\_0")).count >= 13)
        try await sql.run("commit")

        // These find the claims of a worker wherever they are, and nothing else.
        let keeper = try await Session.open()
        try await keeper.run("begin")
        try await keeper.run(
            "select agentcorp.heartbeat(\(worker)), agentcorp.retire_worker(\(worker)), agentcorp.rescue()")
        let searched = try await keeper.rows(touched.replacing("PARTITION", with: "\\_1"))
        #expect(searched == ["claim_1"])
        try await keeper.run("commit")
        #expect(try await TestDatabase.current.violations().isEmpty)
    }
}
