import TestSupport
import Testing

@Suite(.checkedDatabase)
struct LimitTests {
    @Test("a key without a limit runs one task at a time, and what waits costs no claim")
    func defaultLimit() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        for _ in 1...3 { try await sql.enqueue("'a', concurrency_key => 'k'") }
        let free = try await sql.enqueue("'a'")
        #expect(try await sql.claim(worker, 10).sorted() == [1, free])
        #expect(try await sql.states(2) == ["a queued"])
        #expect(try await sql.rows("select waiting, waits_for from agentcorp.lines") == ["2|slot"])
        try await sql.finish(1, worker)
        #expect(try await sql.claim(worker, 10) == [2])
    }

    @Test(
        "a slot is given back however the attempt ends",
        arguments: [
            "select agentcorp.finish(1, 1, WORKER, 'completed')",
            "select agentcorp.finish(1, 1, WORKER, 'failed', retry => false)",
            "select agentcorp.finish(1, 1, WORKER, 'failed', delay => '1 hour')", "select agentcorp.cancel(1)",
            "select agentcorp.snooze(1, 1, WORKER, '1 hour')", "select agentcorp.finish(1, 1, WORKER, 'skipped')",
            "select agentcorp.release(0::smallint, WORKER, '{1}', '1 hour')",
            "select agentcorp.add_subtask(1, 'child', run_at => '2100-01-01'), agentcorp.finish(1, 1, WORKER, 'suspended')",
            "select agentcorp.add_subtask(1, 'child', run_at => '2100-01-01'), agentcorp.finish(1, 1, WORKER, 'completed')",
            "select agentcorp.work(0::smallint, WORKER, 1, 0, '{0}', '{0}', p_tasks => '{1}', p_attempts => '{1}', p_ran_ms => '{1}')",
            "update agentcorp.worker set beat_at = beat_at - interval '1 hour' where id = WORKER; select agentcorp.rescue()",
        ])
    func freed(end: String) async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let other = try await sql.worker()
        for _ in 1...2 { try await sql.enqueue("'a', concurrency_key => 'k'") }
        #expect(try await sql.claim(worker, 10) == [1])
        #expect(try await sql.claim(other, 10) == [])
        try await sql.run(end.replacing("WORKER", with: "\(worker)"))
        #expect(try await sql.claim(other, 10) == [2])
    }

    @Test("a task that was claimed and is given back keeps its slot")
    func released() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        for _ in 1...2 { try await sql.enqueue("'a', concurrency_key => 'k'") }
        #expect(try await sql.claim(worker, 10) == [1])
        try await sql.run("select agentcorp.release(0::smallint, \(worker), '{1}')")
        #expect(try await sql.claim(worker, 10) == [1])
        #expect(try await sql.int("select count(*) from agentcorp.slot") == 1)
    }

    @Test("a key's own limit wins over patterns, a longer pattern over a shorter one")
    func patterns() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run(
            """
            select agentcorp.set_limit(key => 'c:*', concurrency => 2), agentcorp.set_limit(key => 'c:big:*', concurrency => 3),
                agentcorp.set_limit(key => 'c:big:1', concurrency => 4);
            select agentcorp.enqueue('a', concurrency_key => k) from unnest('{c:x,c:y,c:big:0,c:big:1,d}'::text[]) k, generate_series(1, 6);
            """)
        _ = try await sql.claim(worker, 100)
        #expect(
            try await sql.rows("select concurrency_key, count(*) from agentcorp.slot group by 1 order by 1")
                == ["c:big:0|3", "c:big:1|4", "c:x|2", "c:y|2", "d|1"])
    }

    @Test("a limited queue never runs more at once, and what was ready before is admitted like the rest")
    func limitedQueue() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        for _ in 1...5 { try await sql.enqueue() }
        #expect(try await sql.claim(worker, 2) == [1, 2])
        try await sql.run("select agentcorp.set_limit(queue => 'default', concurrency => 3)")
        #expect(try await sql.rows("select ready, queued, running from agentcorp.queues") == ["0|3|2"])
        try await sql.run("select agentcorp.enqueue_many('[{\"kind\": \"a\"}, {\"kind\": \"a\"}]')")
        #expect(try await sql.claim(worker, 10) == [3])
        #expect(try await sql.claim(worker, 10) == [])
        try await sql.finish(1, worker)
        try await sql.finish(2, worker)
        #expect(try await sql.claim(worker, 10) == [4, 5])
        #expect(try await sql.rows("select in_use, concurrency from agentcorp.limits") == ["3|3"])
        try await sql.run("select agentcorp.remove_limit(queue => 'default')")
        #expect(try await sql.claim(worker, 10) == [6, 7])
        await #expect(throws: Never.self) { try await sql.enqueue() }
        #expect(try await sql.state(8) == "ready")
    }

    @Test("a rate is a bucket of tokens, for a queue and for a key")
    func rates() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run(
            """
            select agentcorp.set_limit(queue => 'default', rate => 6, per => '1 minute', burst => 4);
            select agentcorp.set_limit(key => 'k', rate => 1, per => '30 seconds');
            select agentcorp.enqueue('a', concurrency_key => case when i % 2 = 0 then 'k' end) from generate_series(1, 20) i;
            """)
        #expect(try await sql.claim(worker, 100).count == 4)
        #expect(try await sql.int("select count(*) from agentcorp.slot where concurrency_key = 'k'") == 1)
        #expect(try await sql.claim(worker, 100) == [])
        #expect(try await sql.int("select next_in_ms from agentcorp.admit(0::smallint)") <= 10_000)
        try await sql.setClock("11 seconds")
        try await sql.run("select agentcorp.heartbeat(\(worker))")
        #expect(try await sql.claim(worker, 100).count == 1)
        try await sql.setClock("52 seconds")
        #expect(try await sql.claim(worker, 100).count == 4)
        #expect(try await sql.int("select count(*) from agentcorp.slot where concurrency_key = 'k'") == 2)
        // However long it was quiet, no more than a burst.
        try await sql.setClock("10 days")
        try await sql.run("select agentcorp.heartbeat(\(worker))")
        #expect(try await sql.claim(worker, 100).count == 4)
    }

    @Test("a clock that goes back gives no tokens and takes none")
    func clockBack() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run("select agentcorp.set_limit(key => 'k', rate => 2, per => '1 hour')")
        for _ in 1...5 { try await sql.enqueue("'a', concurrency_key => 'k'") }
        #expect(try await sql.claim(worker, 1) == [1])
        try await sql.setClock("-2 hours")
        #expect(try await sql.claim(worker, 10) == [2])
        #expect(try await sql.claim(worker, 10) == [])
        try await sql.setClock("0")
        #expect(try await sql.claim(worker, 10) == [])
    }

    @Test("sessions that claim at once never give more slots than there are")
    func concurrentClaims() async throws {
        let sql = try await Session.open()
        try await sql.run(
            """
            select agentcorp.set_limit(key => 'k:*', concurrency => 3);
            select agentcorp.enqueue('a', concurrency_key => 'k:' || i % 2) from generate_series(1, 200) i;
            """)
        let done = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 1...4 {
                group.addTask {
                    let session = try await Session.open()
                    let worker = try await session.worker()
                    var done = 0
                    var idle = 0
                    while idle < 50 {
                        let claimed = try await session.claim(worker, 2)
                        let violations = try await session.rows(
                            "select concurrency_key from agentcorp.slot group by 1 having count(*) > 3")
                        #expect(violations.isEmpty)
                        for task in claimed { #expect(try await session.finish(task, worker)) }
                        done += claimed.count
                        idle = claimed.isEmpty ? idle + 1 : 0
                        if claimed.isEmpty { try await session.run("select agentcorp.admit(0::smallint)") }
                    }
                    return done
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(done == 200)
    }

    @Test("who adds a task never waits for an admission, and it is seen as soon as it is committed")
    func adding() async throws {
        let sql = try await Session.open()
        let other = try await Session.open()
        let worker = try await sql.worker()
        try await sql.enqueue("'a', concurrency_key => 'k'")
        try await other.run(
            "begin; select agentcorp.enqueue('a', concurrency_key => 'k'); select agentcorp.enqueue('a', concurrency_key => 'new')"
        )
        try await sql.run("set lock_timeout = '1s'")
        try await sql.enqueue("'a', concurrency_key => 'k'")
        #expect(try await sql.claim(worker, 10) == [1])
        try await sql.run("begin; select agentcorp.admit(0::smallint)")
        try await other.run("set lock_timeout = '1s'; select agentcorp.enqueue('a', concurrency_key => 'k'); commit")
        try await sql.run("commit")
        #expect(try await sql.claim(worker, 10) == [3])
    }

    @Test("a slot that was left behind by hand is freed, and its line goes on")
    func sweep() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        for _ in 1...2 { try await sql.enqueue("'a', concurrency_key => 'k'") }
        #expect(try await sql.claim(worker, 10) == [1])
        try await sql.run("create temp table kept as table agentcorp.slot")
        try await sql.finish(1, worker)
        try await sql.run("delete from agentcorp.arrival; insert into agentcorp.slot table kept")
        #expect(try await sql.claim(worker, 10) == [])
        #expect(try await sql.int("select agentcorp.sweep_slots(0::smallint)") == 1)
        #expect(try await sql.claim(worker, 10) == [2])
        try await sql.finish(2, worker)
        for _ in 1...2 { try await sql.enqueue("'a', concurrency_key => 'k'") }
        #expect(try await sql.claim(worker, 10) == [3])
        try await sql.run("delete from agentcorp.slot")
        #expect(try await sql.int("select agentcorp.sweep_slots(0::smallint)") == 0)
        #expect(try await sql.claim(worker, 10) == [4])
        try await sql.run(
            "insert into agentcorp.slot (task_id, queue_id, attempt, shard, tenant, concurrency_key, ordered_key) values (3, 1, 1, 0, '', '', '')"
        )
    }

    @Test("limits that make no sense are refused with advice")
    func refusals() async throws {
        let sql = try await Session.open()
        try await sql.refuses("select agentcorp.set_limit(concurrency => 1)", "AC007", "for a queue or for a key")
        try await sql.refuses("select agentcorp.set_limit(queue => 'default', key => 'k', concurrency => 1)", "AC007")
        try await sql.refuses("select agentcorp.set_limit(queue => 'default')", "AC007", "limits nothing")
        try await sql.refuses(
            "select agentcorp.set_limit(queue => 'defualt', concurrency => 1)", "AC006", hint: "default")
        try await sql.refuses("select agentcorp.set_limit(key => 'k', concurrency => 0)", "AC007", hint: "pause")
        try await sql.refuses("select agentcorp.set_limit(key => 'k', rate => -1)", "AC007")
        try await sql.refuses("select agentcorp.set_limit(key => 'k', concurrency => 1, burst => 2)", "AC007", "burst")
        try await sql.refuses("select agentcorp.set_limit(key => 'k', rate => 1, per => '0')", "AC007", "per")
        try await sql.refuses("select agentcorp.set_limit(key => 'a*b', rate => 1)", "AC007", "*")
        try await sql.refuses("select agentcorp.enqueue('a', tenant => '')", "AC007", "tenant")
        try await sql.refuses("select agentcorp.enqueue('a', ordered_key => repeat('x', 201))", "AC007", "200")
        try await sql.refuses(
            "select agentcorp.enqueue_many('[{\"kind\": \"a\", \"tenant\": 1}]')", "AC007", "/0/concurrency_key")
        try await sql.refuses("select agentcorp.set_weight('a', 0)", "AC007", "weight")
        try await sql.run("select agentcorp.set_limit(queue => 'default', concurrency => 1)")
        try await sql.refuses("select agentcorp.bulk_begin('default', 1)", "AC009", hint: "enqueue_many")
    }

    @Test("a task that is cancelled while it is admitted leaves no slot behind")
    func cancelledWhileAdmitted() async throws {
        let sql = try await Session.open()
        let other = try await Session.open()
        let task = try await sql.enqueue("'a', concurrency_key => 'k'")
        try await sql.run("begin; select agentcorp.admit(0::smallint)")
        let cancelling = Task { try await other.run("select agentcorp.cancel(\(task))") }
        try await sql.waitUntilBlocked(other)
        try await sql.run("commit")
        try await cancelling.value
        #expect(try await sql.int("select count(*) from agentcorp.slot") == 0)
    }
}
