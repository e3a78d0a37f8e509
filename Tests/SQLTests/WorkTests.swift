import TestSupport
import Testing

@Suite(.checkedDatabase)
struct WorkTests {
    @Test("a claim gives each task to one worker, first in first out, most urgent first")
    func claim() async throws {
        let sql = try await Session.open()
        let one = try await sql.worker()
        let two = try await sql.worker()
        for priority in [4, 4, 0, 9] { try await sql.enqueue("'a', priority => \(priority)") }
        #expect(try await sql.claim(one, 2) == [3, 1])
        #expect(try await sql.claim(two, 10) == [2, 4])
        #expect(try await sql.claim(one, 10).isEmpty)
        #expect(
            try await sql.rows(
                "select id, state, worker_id, attempt, started_at is not null from agentcorp.tasks order by id") == [
                    "1|running|\(one)|1|true", "2|running|\(two)|1|true", "3|running|\(one)|1|true",
                    "4|running|\(two)|1|true",
                ])
        #expect(try await sql.rows("select holding from agentcorp.workers order by id = \(two)") == ["2", "2"])
        try await sql.refuses(
            "select agentcorp.claim(12345)", "AC005", "worker 12345 is not alive", hint: "register_worker")
        try await sql.refuses("select agentcorp.claim(\(one), 'nowhere')", "AC006")
        #expect(try await sql.claim(one, 0).isEmpty)
        #expect(try await sql.claim(one, -1).isEmpty)
        for (worker, task) in [(one, 1), (one, 3), (two, 2), (two, 4)] {
            #expect(try await sql.finish(task, worker, "'completed', '{\"n\": \(task)}'"))
        }
        #expect(try await sql.int("select count(*) from agentcorp.claim") == 0)
        #expect(
            try await sql.rows("select output from agentcorp.tasks order by id") == (1...4).map { #"{"n": \#($0)}"# })
    }

    @Test("two workers that claim at once never get the same task")
    func concurrentClaims() async throws {
        let one = try await Session.open()
        let two = try await Session.open()
        let worker = try await one.worker()
        for _ in 1...4 { try await one.enqueue() }
        try await one.run("begin")
        let first = try await one.claim(worker, 2)
        let second = try await two.claim(worker, 3)
        try await one.run("commit")
        #expect(first == [1, 2])
        #expect(second == [3, 4])
    }

    @Test("one call finishes a batch and claims the next")
    func piggyback() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        for i in 1...5 { try await sql.enqueue("'a', '{\"i\": \(i)}'") }
        let first = try await sql.rows(
            "select claim_id, task_id, args from agentcorp.work(0::smallint, \(worker), 1, 3, '{4}', '{0}')")
        #expect(first == (1...3).map { #"1|\#($0)|{"i": \#($0)}"# })
        let second = try await sql.rows(
            """
            select claim_id, task_id, attempt, priority, kind, seq is not null from agentcorp.work(0::smallint, \(worker), 1, 3, '{4}', '{0}',
                '{1}', '{1,2}', '{1,1}', '{10,20.5}', '{2}', array['{"x": 2}'::jsonb], '[{"task": 3, "attempt": 1, "outcome": "failed", "ran_ms": 7, "error": {"message": "boom"}}]')
            """)
        #expect(second == ["2|4|1|4|a|true", "2|5|1|4|a|true"])
        #expect(
            try await sql.rows(
                "select task_id, outcome, ran_ms, worker_id = \(worker), error ->> 'message' from agentcorp.attempts order by 1"
            )
                == ["1|completed|10|true|", "2|completed|20.5|true|", "3|errored|7|true|boom"])
        #expect(
            try await sql.rows("select id, output from agentcorp.tasks where output is not null") == [#"2|{"x": 2}"#])
        #expect(try await sql.state(3) == "scheduled")
    }

    @Test("a floor skips what lies below it, and none is told that could hide what is committed late")
    func floor() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        for _ in 1...3 { try await sql.enqueue() }
        let seqs = try await sql.ints("select seq from agentcorp.ready order by task_id")
        func claim(_ columns: String, above floor: Int) async throws -> [Int] {
            try await sql.ints(
                "select \(columns) from agentcorp.work(0::smallint, \(worker), 1, 1, '{4}', '{\(floor)}')")
        }
        // At the time of the first: another transaction may have been given a lower seq, and be committed only now.
        try await sql.run("select set_config('agentcorp.clock_offset', '-1 hour', false)")
        #expect(try await claim("(seq < \(seqs[0]) - 3000000000)::int", above: 0) == [1])
        try await sql.run("select set_config('agentcorp.clock_offset', '1 hour', false)")
        #expect(try await claim("seq", above: seqs[2]) == [seqs[2]])
        #expect(try await claim("task_id", above: seqs[2]) == [])
        #expect(try await claim("task_id", above: seqs[1]) == [2])
    }

    @Test("a stale finisher is refused, by every way of finishing, and its output is dropped")
    func fence() async throws {
        let sql = try await Session.open()
        let stale = try await sql.worker()
        for _ in 1...3 { try await sql.enqueue() }
        #expect(try await sql.claim(stale, 3) == [1, 2, 3])
        try await sql.setClock("16 seconds")
        let fresh = try await sql.worker()
        #expect(try await sql.rows("select workers, tasks from agentcorp.rescue()") == ["1|3"])
        #expect(try await sql.value("select state from agentcorp.workers where id = \(stale)") == "lost")
        #expect(try await sql.claim(fresh, 3) == [1, 2, 3])
        #expect(try await sql.finish(1, stale, "'completed', '\"stale\"'", attempt: 1) == false)
        #expect(try await sql.finish(1, stale, "'failed'", attempt: 1) == false)
        #expect(
            try await sql.rows(
                """
                select task_id, attempt, claim_id from agentcorp.work(0::smallint, \(stale), 1, 0, '{4}', '{0}', '{1}', '{2}', '{1}', '{1}', '{2}', array['"stale"'::jsonb],
                    '[{"task": 3, "attempt": 1, "outcome": "failed"}]')
                """) == ["2|1|", "3|1|"])
        #expect(try await sql.finish(1, fresh, "'completed', '\"fresh\"'"))
        #expect(
            try await sql.rows("select id, state, output::text from agentcorp.tasks order by id") == [
                #"1|completed|"fresh""#, "2|running|", "3|running|",
            ])
        try await sql.refuses("select agentcorp.heartbeat(\(stale))", "AC005", "declared dead", hint: "register again")
        try await sql.refuses("select agentcorp.claim(\(stale))", "AC005")
        // Nobody finishes what another holds, nor an attempt that is not the current one.
        #expect(try await sql.finish(2, stale, attempt: 2) == false)
        #expect(try await sql.finish(2, fresh, attempt: 3) == false)
        #expect(try await sql.finish(99, fresh, attempt: 1) == false)
    }

    @Test("a finish that is sent twice is recorded once and refused never")
    func idempotent() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        for _ in 1...4 { try await sql.enqueue() }
        #expect(try await sql.claim(worker, 4) == [1, 2, 3, 4])
        let child = try await sql.int("select agentcorp.add_subtask(3, 'child')")
        for _ in 1...2 {
            #expect(
                try await sql.rows(
                    """
                    select task_id from agentcorp.work(0::smallint, \(worker), 1, 0, '{4}', '{0}', '{}', '{1,3}', '{1,1}', '{1,1}', '{}', '{}',
                        '[{"task": 2, "attempt": 1, "outcome": "failed", "delay_ms": 60000}]')
                    """
                ).isEmpty)
            #expect(try await sql.finish(4, worker, "'failed', retry => false", attempt: 1))
        }
        #expect(try await sql.state(1) == "completed")
        #expect(try await sql.state(2) == "scheduled")
        #expect(try await sql.state(3) == "waiting")
        #expect(try await sql.state(4) == "failed")
        #expect(try await sql.state(child) == "ready")
        #expect(try await sql.int("select count(*) from agentcorp.attempt") == 4)
    }

    @Test("what a worker gives back burns no attempt and keeps its number")
    func release() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        for _ in 1...4 { try await sql.enqueue() }
        #expect(try await sql.claim(worker, 4) == [1, 2, 3, 4])
        try await sql.finish(4, worker)
        #expect(try await sql.int("select agentcorp.release(0::smallint, \(worker), '{1,4,99}')") == 1)
        #expect(try await sql.int("select agentcorp.release(0::smallint, \(worker), '{1}')") == 0)
        #expect(try await sql.int("select agentcorp.release(0::smallint, \(worker), '{2}', '30 seconds')") == 1)
        try await sql.refuses(
            "select agentcorp.release(0::smallint, \(worker), '{3}', '-1 second')", "AC007", "negative")
        #expect(
            try await sql.rows("select id, state, attempt from agentcorp.tasks order by id") == [
                "1|ready|1", "2|scheduled|1", "3|running|1", "4|completed|1",
            ])
        #expect(try await sql.finish(1, worker, attempt: 1) == false)
        try await sql.run("select agentcorp.retire_worker(\(worker))")
        #expect(try await sql.state(3) == "ready")
        #expect(try await sql.value("select state || holding from agentcorp.workers") == "stopped0")
        #expect(try await sql.int("select count(*) from agentcorp.claim") == 0)
        try await sql.refuses("select agentcorp.claim(\(worker))", "AC005")
    }

    @Test("a worker gives back what it holds of a queue and does not know of, and nothing else")
    func unknown() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let other = try await sql.worker()
        for _ in 1...5 { try await sql.enqueue() }
        #expect(try await sql.claim(worker, 2) == [1, 2])
        #expect(try await sql.claim(worker, 2) == [3, 4])
        #expect(try await sql.claim(other, 1) == [5])
        try await sql.finish(3, worker)
        try await sql.run("select agentcorp.create_queue('else')")
        #expect(try await sql.int("select agentcorp.release_unknown(\(worker), 'else', '{}')") == 0)
        #expect(try await sql.int("select agentcorp.release_unknown(\(worker), 'default', '{1}')") == 2)
        #expect(try await sql.int("select agentcorp.release_unknown(\(worker), 'default', '{1}')") == 0)
        #expect(
            try await sql.rows("select id, state, attempt from agentcorp.tasks order by id") == [
                "1|running|1", "2|ready|1", "3|completed|1", "4|ready|1", "5|running|1",
            ])
    }

    @Test("a snooze puts a task off, and is no failure")
    func snooze() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.enqueue("'a', max_attempts => 1")
        for attempt in 1...3 {
            try await sql.setClock("\(attempt) hours")
            try await sql.run("select agentcorp.heartbeat(\(worker))")
            try await sql.settle()
            #expect(try await sql.claim(worker) == [task])
            #expect(
                try await sql.value("select agentcorp.snooze(\(task), \(attempt), \(worker), '50 minutes')") == "true")
            #expect(
                try await sql.value(
                    "select run_at between agentcorp.clock() + '49 minutes' and agentcorp.clock() + '50 minutes' from agentcorp.tasks"
                ) == "true")
        }
    }

    @Test("finish refuses what it does not understand")
    func badFinish() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.enqueue()
        #expect(try await sql.claim(worker) == [task])
        for (more, state, message, hint) in [
            ("'complete'", "AC007", "outcome \"complete\"", "did you mean \"completed\"?"),
            ("'snoozed', delay => '-1 s'", "AC007", "negative", ""),
            ("'completed', '{\"$blob\": 1}'", "AC007", "outputs have the reserved key", "inside another"),
        ] {
            try await sql.refuses("select agentcorp.finish(\(task), 1, \(worker), \(more))", state, message, hint: hint)
        }
        for results in ["{}", "[1]", #"[{"task": 1}]"#, #"[{"task": "1", "attempt": 1}]"#] {
            try await sql.refuses("select agentcorp.finish_many(\(worker), '\(results)')", "AC007", "not an array of")
        }
        #expect(try await sql.state(task) == "running")
    }

    @Test("several results end in one call; those that were lost are named")
    func finishMany() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        for _ in 1...3 { try await sql.enqueue() }
        #expect(try await sql.claim(worker, 2) == [1, 2])
        #expect(
            try await sql.rows(
                """
                select task_id, attempt from agentcorp.finish_many(\(worker), '[{"task": 2, "attempt": 1, "outcome": "completed", "output": null}, {"task": 3, "attempt": 1, "outcome": "completed"},
                    {"task": 1, "attempt": 1, "outcome": "failed", "retry": false, "error": {"message": "x"}}]')
                """) == ["3|1"])
        #expect(
            try await sql.rows(
                "select id, state, ran_from from (select id, state, started_at <= finished_at ran_from from agentcorp.tasks order by id) t"
            )
                == ["1|failed|true", "2|completed|true", "3|ready|"])
    }

    @Test("a cancelled task's worker learns of it with the next heartbeat")
    func heartbeat() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        for _ in 1...3 { try await sql.enqueue() }
        #expect(try await sql.claim(worker, 3) == [1, 2, 3])
        #expect(try await sql.rows("select * from agentcorp.heartbeat(\(worker))").isEmpty)
        try await sql.run("select agentcorp.cancel(2)")
        try await sql.finish(3, worker)
        #expect(try await sql.rows("select * from agentcorp.heartbeat(\(worker))") == ["2|1|cancelled"])
        #expect(try await sql.rows("select * from agentcorp.heartbeat(\(worker), '{1}')").isEmpty)
        #expect(try await sql.finish(2, worker, attempt: 1) == false)
        try await sql.refuses("select agentcorp.heartbeat(12345)", "AC005")
    }
}
