import TestSupport
import Testing

@Suite(.checkedDatabase)
struct EnqueueTests {
    @Test("a task needs nothing but a kind")
    func defaults() async throws {
        let sql = try await Session.open()
        let id = try await sql.enqueue("'resize'")
        #expect(id == 1)
        #expect(
            try await sql.rows(
                """
                select kind, args, queue, priority, state, attempt, max_attempts, depth, parent_id, root_id, tags, name, run_at, output
                from agentcorp.tasks
                """) == ["resize|{}|default|4|ready|1|10|0||1||||"])
        #expect(try await sql.value("select policy from agentcorp.task") == "")
    }

    @Test("every parameter arrives")
    func allParameters() async throws {
        let sql = try await Session.open()
        try await sql.run("select agentcorp.create_queue('io')")
        let need = try await sql.enqueue()
        let parent = try await sql.enqueue()
        let id = try await sql.enqueue(
            """
            'resize', '{"a": [1, "ü"]}', 'io', 9, now() + interval '1 hour', 3, interval '1.5 seconds', 'linear 5s..10m jitter 0.1', 'key',
            'reject', \(parent), array[\(need)]::bigint[], '{x,"y z"}', 'small', '{"quorum": 1}', '{"default": 7}'
            """)
        #expect(
            try await sql.rows(
                "select kind, args, queue, priority, state, max_attempts, depth, parent_id, root_id, tags, name, run_at > now() from agentcorp.tasks where id = \(id)"
            )
                == [#"resize|{"a": [1, "ü"]}|io|9|blocked|3|1|\#(parent)|\#(parent)|["x","y z"]|small|true"#])
        #expect(
            try await sql.value("select policy = '\(policy)' from agentcorp.task where id = \(id)") == "true")
        #expect(try await sql.rows("select key, task_id from agentcorp.unique_key") == ["key|\(id)"])
    }
    private let policy = """
        {"timeout_ms": 1500, "backoff": {"strategy": "linear", "base_ms": 5000, "cap_ms": 600000, "jitter": 0.1}, "join": {"quorum": 1}, \
        "on_error": {"default": 7}, "unique_key": "key"}
        """

    @Test("a task for later is scheduled, one for the past is ready")
    func runAt() async throws {
        let sql = try await Session.open()
        let later = try await sql.enqueue("'a', run_at => agentcorp.clock() + interval '1 minute'")
        let past = try await sql.enqueue("'a', run_at => '2001-01-01'")
        #expect(try await sql.state(later) == "scheduled")
        #expect(try await sql.state(past) == "ready")
        #expect(
            try await sql.value("select next_in_ms between 50000 and 60000 from agentcorp.promote(0::smallint)")
                == "true")
        try await sql.setClock("61 seconds")
        #expect(try await sql.rows("select promoted, next_in_ms from agentcorp.promote(0::smallint)") == ["1|"])
        #expect(try await sql.state(later) == "ready")
    }

    @Test(
        "bad input is refused in words, and nothing is left behind",
        arguments: [
            ("''", "AC007", "kind is empty", "Name the handler"),
            ("null", "AC007", "kind is empty", ""),
            ("'a', queue => 'defalt'", "AC006", "unknown queue \"defalt\"", "did you mean \"default\"?"),
            ("'a', queue => null", "AC006", "unknown queue", ""),
            ("'a', priority => 10", "AC007", "priority 10 is not between 0", ""),
            ("'a', priority => -1", "AC007", "priority -1", ""),
            ("'a', priority => null", "AC007", "priority", ""),
            ("'a', max_attempts => 0", "AC007", "max_attempts 0", ""),
            ("'a', max_attempts => 1001", "AC007", "max_attempts 1001", ""),
            ("'a', timeout => '-1 second'", "AC007", "timeout: -1000 ms", ""),
            ("'a', timeout => '0 s'", "AC007", "timeout: 0 ms", "Leave it out"),
            ("'a', backoff => 'soon'", "AC007", "backoff: \"soon\"", "1s..60s"),
            ("'a', backoff => '60s..1s'", "AC007", "cap", "smaller duration first"),
            ("'a', backoff => '1s jitter 2'", "AC007", "jitter", "from 0 to 1"),
            ("'a', backoff => '1s jitter 1.2.3'", "AC007", "backoff", ""),
            ("'a', backoff => '1.2.3s'", "AC007", "not a duration", ""),
            ("'a', backoff => '1 parsec'", "AC007", "not a duration", "500ms"),
            ("'a', backoff => '99999999999999999999s'", "AC007", "not a duration", ""),
            ("'a', join_rule => '\"most\"'", "AC007", "join", "quorum"),
            ("'a', join_rule => '{\"quorum\": 0}'", "AC007", "join", ""),
            ("'a', join_rule => '{\"quorum\": 1.5}'", "AC007", "join", ""),
            ("'a', on_error => '\"ignore\"'", "AC007", "on_error", "skip"),
            ("'a', unique_key => 'k', on_conflict => 'rejct'", "AC007", "on_conflict", "did you mean \"reject\"?"),
            ("'a', parent_id => 999", "AC001", "unknown task 999", ""),
            ("'a', parent_id => -1", "AC001", "unknown task -1", ""),
            ("'a', needs => '{999}'", "AC001", "unknown task 999 in needs", ""),
            ("'a', needs => '{null}'", "AC007", "null", ""),
            ("'a', run_at => 'infinity'", "AC007", "infinite", ""),
            ("'a', run_at => '-infinity'", "AC007", "infinite", ""),
            ("'a', '{\"$blob\": {}}'", "AC007", "args have the reserved key", "inside another"),
        ])
    func badInput(_ arguments: String, _ state: String, _ message: String, _ hint: String) async throws {
        let sql = try await Session.open()
        try await sql.refuses("select agentcorp.enqueue(\(arguments))", state, message, hint: hint)
        #expect(try await sql.int("select count(*) from agentcorp.task") == 0)
    }

    @Test("a needed task that has ended counts at once, an open one is waited for")
    func needs() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let done = try await sql.enqueue()
        let failed = try await sql.enqueue()
        #expect(try await sql.claim(worker, 2) == [done, failed])
        try await sql.finish(done, worker)
        try await sql.finish(failed, worker, "'failed', retry => false")
        let open = try await sql.enqueue()
        #expect(try await sql.state(try await sql.enqueue("'b', needs => array[\(done)]::bigint[]")) == "ready")
        let waiting = try await sql.enqueue("'b', needs => array[\(done), \(open), \(open)]::bigint[]")
        #expect(try await sql.state(waiting) == "blocked")
        #expect(try await sql.value("select remaining from agentcorp.blocked where task_id = \(waiting)") == "1")
        try await sql.refuses(
            "select agentcorp.enqueue('b', needs => array[\(failed), \(open)]::bigint[])", "AC009",
            "has already failed", hint: "Retry it first")
        try await sql.refuses(
            "select agentcorp.enqueue('b', needs => array[\(failed)]::bigint[], join_rule => '\"any\"')", "AC009",
            "has already failed")
        try await sql.refuses(
            "select agentcorp.enqueue('b', needs => array[\(open)]::bigint[], join_rule => '{\"quorum\": 2}')", "AC007",
            "quorum of 2")
        let settled = try await sql.enqueue(
            "'b', needs => array[\(failed), \(open)]::bigint[], join_rule => '\"settled\"'")
        #expect(try await sql.state(settled) == "blocked")
        try await sql.drain(worker)
        #expect(try await sql.state(open) == "completed")
        #expect(try await sql.state(waiting) == "completed")
        #expect(try await sql.state(settled) == "completed")
    }

    @Test("an enqueue inside the caller's transaction is undone with it")
    func transaction() async throws {
        let sql = try await Session.open()
        try await sql.run("begin; select agentcorp.enqueue('a', unique_key => 'k'); rollback")
        #expect(try await sql.int("select count(*) from agentcorp.tasks") == 0)
        #expect(try await sql.int("select count(*) from agentcorp.unique_key") == 0)
    }

    @Test("workers are woken with at most one notification in flight for each queue")
    func notification() async throws {
        let sql = try await Session.open()
        let other = try await Session.open()
        let notifiers =
            "select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())"
        try await sql.run("begin")
        try await sql.enqueue()
        try await sql.enqueue()
        // Does not wait for the open transaction, and does not notify either.
        try await other.run("begin")
        try await other.enqueue()
        #expect(try await other.int(notifiers) == 1)
        try await other.run("commit")
        try await sql.run("commit")
        #expect(try await sql.int(notifiers) == 0)
        #expect(try await sql.int("select count(*) from agentcorp.ready") == 3)
    }

    @Test("a bulk load takes reserved ids")
    func bulk() async throws {
        let sql = try await Session.open()
        try await sql.run(
            """
            do $$
            declare b record;
            begin
                select * into b from agentcorp.bulk_begin('default', 100);
                insert into agentcorp.task (id, root_id, created_at, queue_id, shard, kind)
                    select i, i, b.created_at, b.queue_id, b.shard, 'a' from unnest(b.ids) i;
                insert into agentcorp.ready (seq, task_id, queue_id, priority, shard, attempt)
                    select b.seq, i, b.queue_id, 4, b.shard, 1 from unnest(b.ids) i;
                perform agentcorp.bulk_end(b.shard, b.queue_id, 100);
            end $$
            """)
        let worker = try await sql.worker()
        #expect(try await sql.claim(worker, 1000) == Array(1...100))
        #expect(try await sql.value("select running from agentcorp.queues") == "100")
        try await sql.refuses("select agentcorp.bulk_begin('nowhere', 1)", "AC006")
    }
}
