import TestSupport
import Testing

@Suite(.checkedDatabase)
struct ViewTests {
    /// One task in every state; `waiting` in both of its forms.
    private func everyState(_ sql: Session) async throws -> Int {
        let worker = try await sql.worker()
        for (name, outcome) in [
            ("completed", "'completed', '1'"),
            ("failed", "'failed', error => '{\"reason\": \"disk\", \"message\": \"full\"}', retry => false"),
            ("cancelled", "'cancelled'"), ("skipped", "'skipped'"), ("retrying", "'failed'"), ("running", ""),
            ("suspended", "'suspended'"), ("done", "'completed'"),
        ] {
            let task = try await sql.enqueue("'a', name => '\(name)', tags => '{t}'")
            #expect(try await sql.claim(worker) == [task])
            if name == "suspended" || name == "done" {
                try await sql.run("select agentcorp.add_subtask(\(task), 'c', run_at => '2100-01-01')")
            }
            if !outcome.isEmpty { try await sql.finish(task, worker, outcome) }
        }
        try await sql.enqueue("'a', name => 'ready'")
        try await sql.enqueue("'a', name => 'scheduled', run_at => '2100-01-01'")
        try await sql.enqueue("'a', name => 'blocked', needs => array[\(try await sql.id("ready"))]::bigint[]")
        return worker
    }

    @Test("every state appears")
    func states() async throws {
        let sql = try await Session.open()
        _ = try await everyState(sql)
        let expected = [
            "blocked|blocked", "cancelled|cancelled", "completed|completed", "done|waiting", "failed|failed",
            "ready|ready", "retrying|scheduled",
            "running|running", "scheduled|scheduled", "skipped|skipped", "suspended|waiting",
        ]
        #expect(
            try await sql.rows("select name, state from agentcorp.tasks where name is not null order by name")
                == expected)
        #expect(
            try await sql.rows(
                "select t.name, s.state from agentcorp.states(0::smallint, (select array_agg(id) from agentcorp.task)) s join agentcorp.task t on t.id = s.task_id where t.name is not null order by 1"
            )
                == expected)
        #expect(
            try await sql.rows(
                "select x.task, x.state from agentcorp.tasks t, agentcorp.tree(t.id) x where x.task = t.name"
            ).count == 11)
        #expect(
            try await sql.rows("select reason, message, kind, queue, attempt from agentcorp.failures") == [
                "disk|full|a|default|1"
            ])
        #expect(try await sql.rows("select count(*) from agentcorp.attempts") == ["7"])
    }

    @Test(
        "a look at one state touches only the tables of that state",
        arguments: [
            ("ready", ["ready"]), ("scheduled", ["scheduled"]), ("blocked", ["blocked"]), ("waiting", ["blocked"]),
            ("running", ["claim", "attempt"]),
            ("completed", ["attempt"]), ("failed", ["attempt"]), ("cancelled", ["attempt"]), ("skipped", ["attempt"]),
        ])
    func pruning(_ state: String, _ tables: [String]) async throws {
        let sql = try await Session.open()
        let text = try await sql.plan("select * from agentcorp.tasks where state = '\(state)' limit 50")
        for table in ["ready", "scheduled", "blocked", "claim", "attempt"] {
            #expect(
                (text.contains(" on \(table) ") || text.contains(" on \(table)\n")) == tables.contains(table),
                "\(table) in:\n\(text)")
        }
        if ["failed", "cancelled", "skipped"].contains(state) {
            #expect(text.contains("attempt_unsuccessful") || text.contains("attempt_error"), "\(text)")
        }
    }

    @Test("tasks are listed by state, kind, queue, tag and tree, page by page")
    func list() async throws {
        let sql = try await Session.open()
        _ = try await everyState(sql)
        let all = try await sql.ints("select id from agentcorp.task order by id desc")
        #expect(try await sql.ints("select id from agentcorp.list_tasks(limit_to => 100)") == all)
        #expect(
            try await sql.ints("select id from agentcorp.list_tasks(before => \(all[3]), limit_to => 2)") == [
                all[4], all[5],
            ])
        #expect(
            try await sql.rows("select name, current from agentcorp.list_tasks('waiting', tag => 't')") == [
                "done|waiting", "suspended|waiting",
            ])
        #expect(
            try await sql.rows(
                "select name from agentcorp.list_tasks(only_kind => 'a', only_queue => 'default', limit_to => 1)") == [
                    "blocked"
                ])
        let parent = try await sql.id("done")
        #expect(
            try await sql.rows("select kind, parent_id from agentcorp.list_tasks(root_id => \(parent))") == [
                "c|\(parent)", "a|",
            ])
        try await sql.refuses(
            "select agentcorp.list_tasks('redy')", "AC007", "unknown state", hint: "did you mean \"ready\"?")
        try await sql.refuses("select agentcorp.list_tasks(only_queue => 'nowhere')", "AC006")
    }

    @Test("describe tells all there is to know")
    func describe() async throws {
        let sql = try await Session.open()
        let worker = try await everyState(sql)
        let failed = try await sql.id("failed")
        #expect(
            try await sql.rows(
                """
                select d ->> 'name', d ->> 'state', d ->> 'queue', d #>> '{error,message}', d #>> '{attempts,0,outcome}', d ->> 'attempt', d -> 'tags' ->> 0,
                    (d ->> 'worker_id')::bigint = \(worker), d -> 'output', d -> 'needs', d -> 'args' from agentcorp.describe(\(failed)) d
                """) == ["failed|failed|default|full|failed|1|t|true||[]|{}"])
        let blocked = try await sql.id("blocked")
        #expect(
            try await sql.value("select agentcorp.describe(\(blocked)) -> 'needs'") == "[\(try await sql.id("ready"))]")
        try await sql.refuses("select agentcorp.describe(999)", "AC001", "unknown task 999")
        try await sql.refuses("select * from agentcorp.tree(999)", "AC001", "unknown task 999")
    }

    @Test("a tree is shown indented, with state, duration and error")
    func tree() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let root = try await sql.tree(
            #"{"kind":"r","name":"root","subtasks":[{"kind":"a","subtasks":[{"kind":"b"}]},{"kind":"c"}]}"#)
        let leaf = try await sql.claim(worker)[0]
        try await sql.finish(leaf, worker, "'failed', error => '{\"message\": \"boom\"}'")
        #expect(try await sql.claim(worker) == [root + 3])
        #expect(
            try await sql.rows(
                "select task, depth, state, attempt, duration is not null, error from agentcorp.tree(\(root))") == [
                    "root|0|blocked|1|false|", "  a|1|blocked|1|false|", "    b|2|scheduled|2|false|boom",
                    "  c|1|running|1|true|",
                ])
        #expect(
            try await sql.rows("select task_id, needs_id, needs, is_subtask from agentcorp.dependencies order by 2")
                == ["1|2|a|true", "2|3|b|true", "1|4|c|true"])
    }

    @Test("history looks back from the newest, filtered, across its steps")
    func history() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        // Ends spread over a year, the newest first in id.
        try await sql.run(
            """
            insert into agentcorp.task (id, root_id, created_at, queue_id, shard, kind) select i, i, now() - '2 years'::interval, 1, 0, 'k' || i % 2 from generate_series(1, 400) i;
            insert into agentcorp.attempt (task_id, finished_at, ran_ms, attempt, outcome, shard)
                select i, now() - (i * i * i * interval '0.5 second'), i, 1, 1 + i % 2, 0 from generate_series(1, 400) i;
            insert into agentcorp.count_delta (queue_id, completed, failed, shard) values (1, 200, 200, 0)
            """)
        #expect(try await sql.ints("select task_id from agentcorp.history(limit_to => 400)") == Array(1...400))
        #expect(try await sql.ints("select task_id from agentcorp.history()") == Array(1...50))
        #expect(
            try await sql.ints(
                "select task_id from agentcorp.history(only_kind => 'k1', only_outcome => 'failed', min_ms => 100, limit_to => 3)"
            ) == [101, 103, 105])
        #expect(
            try await sql.ints(
                "select task_id from agentcorp.history(since => now() - interval '1 hour', limit_to => 400)")
                == Array(1...19))
        #expect(
            try await sql.ints(
                "select task_id from agentcorp.history(until => now() - interval '1 hour', limit_to => 2)") == [20, 21])
        #expect(try await sql.rows("select * from agentcorp.history(only_queue => 'none')").isEmpty)
        try await sql.refuses(
            "select agentcorp.history(only_outcome => 'faild')", "AC007", "unknown outcome",
            hint: "did you mean \"failed\"?")
        _ = worker
    }

    @Test("a worker is alive, silent, stopped or lost")
    func workers() async throws {
        let sql = try await Session.open()
        let stopped = try await sql.worker()
        try await sql.run("select agentcorp.retire_worker(\(stopped))")
        _ = try await sql.worker()
        #expect(try await sql.rows("select state from agentcorp.workers order by started_at") == ["stopped", "alive"])
        try await sql.setClock("16 seconds")
        #expect(try await sql.rows("select state from agentcorp.workers order by started_at") == ["stopped", "silent"])
        try await sql.run("select agentcorp.rescue()")
        #expect(try await sql.rows("select state from agentcorp.workers order by started_at") == ["stopped", "lost"])
    }
}
