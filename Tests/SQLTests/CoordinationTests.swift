import TestSupport
import Testing

@Suite(.checkedDatabase)
struct CoordinationTests {
    @Test("what is due is promoted in its order, within the limit, and the next moment is told")
    func promote() async throws {
        let sql = try await Session.open()
        #expect(try await sql.rows("select * from agentcorp.promote(0::smallint)") == ["0|"])
        for minutes in [30, 10, 20] {
            try await sql.enqueue("'a', run_at => agentcorp.clock() + \(minutes) * interval '1 minute'")
        }
        try await sql.setClock("25 minutes")
        #expect(try await sql.rows("select promoted, next_in_ms from agentcorp.promote(0::smallint, 1)") == ["1|0"])
        #expect(try await sql.ints("select task_id from agentcorp.ready") == [2])
        #expect(
            try await sql.rows(
                "select promoted, next_in_ms between 290000 and 300000 from agentcorp.promote(0::smallint)") == [
                    "1|true"
                ])
        #expect(try await sql.state(3) == "ready")
        #expect(try await sql.state(1) == "scheduled")
    }

    @Test("one look tells which of the six duties has something to do, and when")
    func due() async throws {
        let sql = try await Session.open()
        let look = """
            select resolve_ms, promote_ms between 590000 and 600000, admit_ms, fire_ms between 1 and 86400000, expire_ms between 1 and 60000
            from agentcorp.due(0::smallint)
            """
        #expect(try await sql.rows(look) == ["||||"])
        try await sql.enqueue("'later', run_at => agentcorp.clock() + interval '10 minutes'")
        #expect(try await sql.rows(look) == ["|true|||"])
        try await sql.run("select agentcorp.set_schedule('nightly', '@daily', 'report')")
        #expect(try await sql.rows(look) == ["|true||true|"])
        let worker = try await sql.worker()
        let waiter = try await sql.enqueue("'waits', queue => 'default'")
        _ = try await sql.claim(worker, 1)
        try await sql.run("select agentcorp.await_event(\(waiter), 1, 'w', 'topic', timeout => '1 minute')")
        #expect(try await sql.rows(look) == ["|true||true|true"])
        try await sql.enqueue("'keyed', concurrency_key => 'k'")
        #expect(try await sql.value("select admit_ms from agentcorp.due(0::smallint)") == "0")
        #expect(try await sql.value("select hook_ms from agentcorp.due(0::smallint)") == "")
        try await sql.run("select agentcorp.add_hook('h', '{failed}')")
        #expect(try await sql.value("select hook_ms from agentcorp.due(0::smallint)") == "0")
        try await sql.run("insert into agentcorp.resolve (seq, needs_id, met, shard) values (1, \(waiter), true, 0)")
        #expect(try await sql.value("select resolve_ms from agentcorp.due(0::smallint)") == "0")
        try await sql.run("delete from agentcorp.resolve")
        try await sql.setClock("20 minutes")
        #expect(try await sql.value("select promote_ms from agentcorp.due(0::smallint)") == "0")
    }

    @Test("two promoters share the work, two resolvers too")
    func concurrent() async throws {
        let one = try await Session.open(clock: "2 hours")
        let two = try await Session.open(clock: "2 hours")
        let worker = try await one.worker()
        let root = try await one.tree(
            #"{"kind":"r","run_at":"2001-01-01","subtasks":[{"kind":"a","name":"a"},{"kind":"a","name":"b"},{"kind":"a","name":"c"}]}"#
        )
        for task in try await one.claim(worker, 3) { try await one.finish(task, worker, "'snoozed', delay => '1 s'") }
        try await one.setClock("3 hours")
        try await two.setClock("3 hours")
        try await one.run("select agentcorp.heartbeat(\(worker))")
        try await one.run("begin; select * from agentcorp.promote(0::smallint, 1)")
        #expect(try await two.value("select promoted from agentcorp.promote(0::smallint)") == "2")
        try await one.run("commit")
        for task in try await one.claim(worker, 3) { try await one.finish(task, worker) }
        try await one.run("begin; select agentcorp.resolve_ends(0::smallint, 1)")
        async let rest = two.int("select agentcorp.resolve_ends(0::smallint)")
        try await one.waitUntilBlocked(two)
        try await one.run("commit")
        #expect(try await rest == 2)
        #expect(try await one.state(root) == "ready")
    }

    @Test("one leads until its lease ends or it resigns; every change of hands is a new term")
    func leader() async throws {
        let sql = try await Session.open()
        let other = try await Session.open()
        func lead(_ holder: Int, _ session: Session? = nil) async throws -> String {
            try await (session ?? sql).value("select agentcorp.lead('coordinator', \(holder), '10 seconds')")
        }
        #expect(try await lead(1) == "1")
        #expect(try await lead(2) == "")
        try await sql.setClock("9 seconds")
        #expect(try await lead(1) == "1")
        try await sql.setClock("18 seconds")
        #expect(try await lead(2) == "")
        try await sql.setClock("20 seconds")
        #expect(try await lead(2) == "2")
        #expect(try await lead(1) == "")
        try await sql.run("select agentcorp.resign('coordinator', 1)")
        #expect(try await lead(1) == "")
        try await sql.run("select agentcorp.resign('coordinator', 2)")
        // Of two that try at once exactly one gets it.
        try await other.setClock("20 seconds")
        try await sql.run("begin")
        #expect(try await lead(3) == "3")
        async let raced = lead(4, other)
        try await Session.open().waitUntilBlocked(other)
        try await sql.run("commit")
        #expect(try await raced == "")
    }

    @Test("counters are folded, and the view of the queues is right before, between and after")
    func counters() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run("select agentcorp.create_queue('io')")
        try await sql.run(
            "select count(*) from agentcorp.enqueue_many((select jsonb_agg(jsonb_build_object('kind', 'a')) from generate_series(1, 20)))"
        )
        try await sql.enqueue("'a', queue => 'io'")
        try await sql.enqueue("'a', queue => 'io', run_at => '2100-01-01'")
        try await sql.tree(#"{"kind":"r","subtasks":[{"kind":"x","queue":"io"}]}"#)
        let tasks = try await sql.claim(worker, 10)
        let outcomes = [
            "'completed'", "'failed', retry => false", "'cancelled'", "'skipped'", "'failed'", "'suspended'",
        ]
        for (task, outcome) in zip(tasks, outcomes) { try await sql.finish(task, worker, outcome) }
        let recount = """
            select q.name, count(*) filter (where t.state = 'ready'), count(*) filter (where t.state = 'scheduled'), count(*) filter (where t.state in ('blocked', 'waiting')),
                count(*) filter (where t.state = 'running'), count(*) filter (where t.state = 'completed'), count(*) filter (where t.state = 'failed'),
                count(*) filter (where t.state = 'cancelled'), count(*) filter (where t.state = 'skipped')
            from agentcorp.queue q left join agentcorp.tasks t on t.queue = q.name group by 1 order by 1
            """
        let view =
            "select name, ready, scheduled, blocked, running, completed, failed, cancelled, skipped from agentcorp.queues order by 1"
        let expected = ["default|11|1|1|4|1|1|1|1", "io|2|1|0|0|0|0|0|0"]
        #expect(try await sql.rows(recount) == expected)
        #expect(try await sql.rows(view) == expected)
        #expect(try await sql.int("select agentcorp.fold_counts(0::smallint, 3)") == 3)
        #expect(try await sql.rows(view) == expected)
        #expect(try await sql.int("select agentcorp.fold_counts(0::smallint)") > 0)
        #expect(try await sql.int("select agentcorp.fold_counts(0::smallint)") == 0)
        #expect(try await sql.int("select count(*) from agentcorp.count_delta") == 0)
        #expect(try await sql.rows(view) == expected)
        #expect(
            try await sql.value(
                "select oldest_ready < interval '1 minute' and workers = 1 from agentcorp.queues where name = 'default'"
            ) == "true")
        try await sql.setClock("1 hour")
        #expect(
            try await sql.value(
                "select oldest_ready > interval '1 hour' and workers = 0 from agentcorp.queues where name = 'io'")
                == "true")
    }
}
