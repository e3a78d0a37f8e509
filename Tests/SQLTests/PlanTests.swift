import Postgres
import TestSupport
import Testing

/// The plans of the hot path, as the server makes them inside the functions: on empty, never-analysed and full tables.
@Suite(.checkedDatabase)
struct PlanTests {
    /// Runs statements and returns the plans of every statement within, as `auto_explain` logs them.
    private func plans(_ sql: Session, _ statements: String) async throws -> [String] {
        let output = try await TestProcess.run(
            "psql", ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", TestDatabase.current.dsn, "-f", "-"],
            input: """
                load 'auto_explain';
                set auto_explain.log_min_duration = 0; set auto_explain.log_nested_statements = on; set client_min_messages = log;
                \(statements)
                """)
        try #require(output.status == 0, "\(output.errors)")
        return output.errors.split(separator: "LOG:  duration").map(String.init).filter { $0.contains("Query Text:") }
    }

    /// One round through every function of the hot path: claim, finish, hand over, fail, suspend, resolve, promote.
    private func round(_ worker: Int) -> String {
        """
        select count(*) from agentcorp.work(0::smallint, \(worker), 1, 100, '{0,4,9}', '{0,0,0}');
        select count(*) from agentcorp.work(0::smallint, \(worker), 1, 100, '{0,4,9}', '{0,0,0}', (select array_agg(c.claim_id) from agentcorp.claim c),
            (select task_ids from agentcorp.claim), (select attempts from agentcorp.claim), (select array_agg(1::real) from agentcorp.claim c, unnest(c.task_ids)));
        select count(*) from agentcorp.finish_many(\(worker), (select jsonb_agg(jsonb_build_object('task', u.t, 'attempt', u.a,
            'outcome', (array['failed', 'suspended', 'snoozed', 'completed', 'skipped'])[1 + u.t % 5])) from agentcorp.claim c, unnest(c.task_ids, c.attempts) u(t, a)));
        select agentcorp.resolve_ends(0::smallint);
        select agentcorp.promote(0::smallint);
        select agentcorp.heartbeat(\(worker));
        select agentcorp.rescue();
        """
    }

    private func check(_ plans: [String], _ situation: String) {
        #expect(plans.count > 20)
        var claims = 0
        for plan in plans {
            let isClaim = plan.contains("from agentcorp.ready r\n") && plan.contains("skip locked")
            if isClaim {
                claims += 1
                #expect(plan.contains("Index Scan using ready_pkey"), "\(situation):\n\(plan)")
                #expect(!plan.contains("Sort"), "\(situation):\n\(plan)")
            }
            // The statements of the test itself, not of a function, may scan; so may the few rows of small tables.
            guard !plan.contains("Query Text: select count(*) from agentcorp.") else { continue }
            for table in [
                "task", "ready", "scheduled", "claim", "attempt", "dependency", "blocked", "resolve", "output",
            ] {
                #expect(
                    !plan.contains("Seq Scan on \(table) ") && !plan.contains("Seq Scan on agentcorp.\(table) "),
                    "\(situation):\n\(plan)")
            }
            #expect(!readsWholeShard(plan), "\(situation):\n\(plan)")
            // Of the rows that a statement has locked another reads no others, however few it took the table to have.
            if plan.contains("ctid = any") { #expect(plan.contains("Tid Scan"), "\(situation):\n\(plan)") }
        }
        #expect(claims > 0)
    }

    /// Whether an index that begins with an id is read by the shard alone.
    private func readsWholeShard(
        _ plan: String, of tables: [String] = ["task", "attempt", "blocked", "dependency", "output"]
    ) -> Bool {
        let lines = plan.split(separator: "\n")
        return zip(lines, lines.dropFirst()).contains { scan, condition in
            tables.contains { scan.contains("using \($0)_pkey") }
                && condition.contains("Index Cond: (shard = ")
        }
    }

    @Test("the claim and all that follows use indexes on empty tables")
    func empty() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.tree(
            #"{"kind":"r","subtasks":[{"kind":"a"},{"kind":"b"},{"kind":"c","needs":["x"]},{"kind":"x","name":"x"}]}"#)
        check(try await plans(sql, round(worker)), "empty")
    }

    @Test("the same on a hundred thousand rows that were never analysed, then analysed", .timeLimit(.minutes(30)))
    func full() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        for table in [
            "task", "ready", "attempt", "dependency", "blocked", "scheduled", "claim", "resolve", "output",
            "count_delta",
        ] {
            try await sql.run("alter table agentcorp.\(table) set (autovacuum_enabled = off)")
        }
        try await sql.run(
            """
            select count(*) from agentcorp.enqueue_many((select jsonb_agg(jsonb_build_object('kind', 'a', 'priority', (array[0, 4, 9])[1 + i % 3])) from generate_series(1, 50000) i));
            select count(*) from agentcorp.enqueue_many((select jsonb_agg(jsonb_build_object('kind', 'a', 'priority', 4)) from generate_series(1, 50000) i));
            """)
        try await sql.tree(#"{"kind":"r","subtasks":[{"kind":"a","priority":0},{"kind":"b","priority":0}]}"#)
        check(try await plans(sql, round(worker)), "never analysed")
        try await sql.run("analyze")
        check(try await plans(sql, round(worker)), "analysed")
    }

    @Test(
        "finding and deleting what is old, and finding failures, uses indexes, analysed or not",
        .timeLimit(.minutes(30))
    )
    func retention() async throws {
        let sql = try await Session.open()
        for table in ["task", "attempt", "dependency", "output", "step", "discarded"] {
            try await sql.run("alter table agentcorp.\(table) set (autovacuum_enabled = off)")
        }
        try await sql.run(
            """
            insert into agentcorp.task (id, root_id, created_at, queue_id, shard, kind)
                select i, i, agentcorp.clock() - interval '10 days', 1, 0, 'a' from generate_series(1, 50000) i;
            insert into agentcorp.attempt (task_id, finished_at, attempt, outcome, shard, error)
                select i, agentcorp.clock() - interval '9 days', 1, 1 + (i % 10 = 0)::int, 0, case when i % 10 = 0 then '{"message": "m"}'::jsonb end from generate_series(1, 50000) i;
            insert into agentcorp.count_delta (queue_id, completed, failed, shard) values (1, 45000, 5000, 0);
            """)
        let statements = """
            select count(*) from agentcorp.prune(0::smallint, 1000);
            select count(*) from agentcorp.delete_trees(0::smallint, '{2001, 2002}', '{1, 1}');
            select count(*) from agentcorp.retry_many('{"kind": "a", "limit": 10}');
            select count(*) from agentcorp.failure_groups();
            """
        for situation in ["never analysed", "analysed"] {
            let plans = try await plans(sql, statements)
            #expect(plans.count > 20)
            for plan in plans where !plan.contains("Query Text: select count(*) from agentcorp.") {
                for table in ["task", "attempt", "dependency", "output", "step", "discarded", "unique_key"] {
                    #expect(!plan.contains("Seq Scan on \(table) "), "\(situation):\n\(plan)")
                }
                #expect(!readsWholeShard(plan), "\(situation):\n\(plan)")
                // Of the rows that a statement has locked another reads no others, however few it took the table to have.
                if plan.contains("ctid = any") { #expect(plan.contains("Tid Scan"), "\(situation):\n\(plan)") }
            }
            try await sql.run("analyze")
        }
        #expect(try await sql.int("select count(*) from agentcorp.attempt where outcome = 1") == 45000 - 1800 - 2)
    }

    @Test("whoever walks down a tree goes by the parents, where one task has nearly all others as subtasks")
    func trees() async throws {
        let sql = try await Session.open()
        for table in ["task", "attempt"] {
            try await sql.run("alter table agentcorp.\(table) set (autovacuum_enabled = off)")
        }
        try await sql.run(
            """
            insert into agentcorp.task (id, parent_id, root_id, created_at, queue_id, depth, shard, kind, name)
                select i, case when i > 1 then 1 end, 1, agentcorp.clock(), 1, (i > 1)::int, 0, 'a', 'n' || i from generate_series(1, 100000) i;
            insert into agentcorp.attempt (task_id, finished_at, attempt, outcome, shard)
                select i, agentcorp.clock(), 1, 1, 0 from generate_series(1, 100000) i;
            insert into agentcorp.count_delta (queue_id, completed, shard) values (1, 100000, 0);
            select setval('agentcorp.task_id', 100000);
            """)
        try await sql.run("analyze")
        let root = try await sql.tree(
            #"{"kind":"plan","subtasks":[{"kind":"a","name":"x"},{"kind":"plan","name":"y","subtasks":[{"kind":"b"}]}]}"#
        )
        let walks = [
            "select count(*) from agentcorp.tree(\(root))", "select count(*) from agentcorp.plan_children(\(root))",
            "select count(*) from agentcorp.plan_scope(array[\(root)], array[\(root)], '{task}', '{x}')",
            "select count(*) from agentcorp.tree_usage(\(root))", "select count(*) from agentcorp.run_tree(\(root))",
            "select count(*) from agentcorp.run_paths(\(root))", "select agentcorp.is_tainted(array[\(root)])",
            "select count(*) from agentcorp.needs_of(\(root))", "select agentcorp.cancel(\(root))",
        ]
        let plans = try await plans(sql, walks.map { $0 + ";" }.joined(separator: "\n"))
        #expect(plans.filter { $0.contains("using task_parent on task") }.count >= walks.count - 1)
        for plan in plans {
            #expect(!plan.contains("Seq Scan on task") && !plan.contains("Bitmap Heap Scan on task"), "\(plan)")
            #expect(
                !readsWholeShard(plan, of: ["task", "attempt", "dependency"]) && !plan.contains("JIT:"), "\(plan)")
        }
    }

    @Test("what expressions speak of is read of one tenant alone, whatever arguments say")
    func scopesOfTenants() async throws {
        let sql = try await Session.open()
        let root = try await sql.tree(#"{"kind":"plan","args":{"input":1},"subtasks":[{"kind":"a","name":"x"}]}"#)
        let other = try await sql.enqueue("'a', tenant => 'other'")
        func read(_ reader: Int) async throws -> [String] {
            try await sql.rows(
                """
                select source, id from agentcorp.plan_scope(array_fill(\(reader), '{4}'), array_fill(\(root), '{4}'),
                    '{task,previous,input,trigger}', '{x,\(root + 1),"",""}') order by n
                """)
        }
        #expect(
            try await read(root) == ["task|\(root + 1)", "previous|\(root + 1)", "args|\(root)", "trigger|\(root)"])
        #expect(try await read(other) == ["trigger|\(other)"])
        for call in ["plan_children(\(root), null, \(other))", "fork_source(\(other), \(root))"] {
            try await sql.refuses("select * from agentcorp.\(call)", "AC001", "unknown task", hint: "tenant")
        }
        #expect(try await sql.rows("select id from agentcorp.plan_children(\(root), null, \(root))") == ["\(root + 1)"])
    }
}
