import TestSupport
import Testing

@Suite(.checkedDatabase)
struct RescueTests {
    @Test("only three missed beats make a worker dead, never the age of a task")
    func beats() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.enqueue()
        #expect(try await sql.claim(worker) == [task])
        for hour in 1...3 {
            try await sql.setClock("\(hour) hours")
            try await sql.run("select agentcorp.heartbeat(\(worker))")
            #expect(try await sql.rows("select * from agentcorp.rescue()") == ["0|0"])
        }
        try await sql.setClock("3 hours 14 seconds")
        #expect(try await sql.rows("select * from agentcorp.rescue()") == ["0|0"])
        try await sql.setClock("3 hours 16 seconds")
        #expect(try await sql.rows("select * from agentcorp.rescue()") == ["1|1"])
        #expect(try await sql.rows("select * from agentcorp.rescue()") == ["0|0"])
        #expect(try await sql.rows("select state, attempt from agentcorp.tasks") == ["ready|2"])
        #expect(
            try await sql.rows("select outcome, worker_id = \(worker), host from agentcorp.attempts") == [
                "lost|true|host"
            ])
    }

    @Test("the first loss comes back at once, further ones with back-off, the 25th fails; a retry begins anew")
    func poison() async throws {
        let sql = try await Session.open()
        let task = try await sql.enqueue("'a', max_attempts => 1")
        var clock = 0
        func lose() async throws {
            clock += 120
            try await sql.setClock("\(clock) seconds")
            try await sql.settle()
            let worker = try await sql.worker()
            #expect(try await sql.claim(worker) == [task])
            clock += 20
            try await sql.setClock("\(clock) seconds")
            #expect(try await sql.value("select tasks from agentcorp.rescue()") == "1")
        }
        for loss in 1...24 {
            try await lose()
            #expect(try await sql.state(task) == (loss == 1 ? "ready" : "scheduled"))
            if loss == 2 {
                #expect(
                    try await sql.value(
                        "select run_at - agentcorp.clock() < interval '1.2 seconds' from agentcorp.tasks") == "true")
            }
        }
        #expect(
            try await sql.value("select run_at - agentcorp.clock() <= interval '1 minute' from agentcorp.tasks")
                == "true")
        try await lose()
        #expect(
            try await sql.rows("select state, attempt, error ->> 'reason' from agentcorp.tasks") == ["failed|25|lost"])
        #expect(try await sql.rows("select message from agentcorp.failures") == ["its worker died 25 times"])
        #expect(try await sql.int("select agentcorp.retry(\(task))") == 1)
        try await lose()
        #expect(try await sql.state(task) == "ready")
    }

    @Test("the 25th loss of a parent cancels its open subtasks and tells who needs it")
    func poisonParent() async throws {
        let sql = try await Session.open()
        let task = try await sql.enqueue()
        let other = try await sql.enqueue("'b', needs => array[\(task)]::bigint[]")
        var worker = try await sql.worker()
        #expect(try await sql.claim(worker) == [task])
        let child = try await sql.int("select agentcorp.add_subtask(\(task), 'child', run_at => '2100-01-01')")
        for loss in 1...25 {
            try await sql.setClock("\(loss * 200) seconds")
            #expect(try await sql.value("select tasks from agentcorp.rescue()") == "1")
            if loss == 25 { break }
            try await sql.setClock("\(loss * 200 + 100) seconds")
            try await sql.settle()
            worker = try await sql.worker()
            #expect(try await sql.claim(worker) == [task])
        }
        try await sql.settle()
        #expect(try await sql.state(task) == "failed")
        #expect(try await sql.state(child) == "cancelled")
        #expect(try await sql.state(other) == "cancelled")
    }

    @Test("a thousand tasks of a dead worker come back, what it had finished does not")
    func many() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run(
            "select count(*) from agentcorp.enqueue_many((select jsonb_agg('{\"kind\": \"a\"}'::jsonb) from generate_series(1, 1000)))"
        )
        #expect(try await sql.claim(worker, 500).count == 500)
        #expect(try await sql.claim(worker, 500).count == 500)
        for task in [1, 2, 600] { try await sql.finish(task, worker) }
        try await sql.setClock("1 minute")
        #expect(try await sql.rows("select * from agentcorp.rescue()") == ["1|997"])
        #expect(try await sql.int("select count(*) from agentcorp.claim") == 0)
        #expect(try await sql.int("select count(*) from agentcorp.ready") == 997)
    }

    @Test("a finish and a rescue of the same attempt: exactly one of them counts")
    func race() async throws {
        let rescuer = try await Session.open(clock: "1 minute")
        let finisher = try await Session.open()
        let watcher = try await Session.open()
        let worker = try await finisher.worker()
        try await finisher.enqueue()
        try await finisher.enqueue()
        #expect(try await finisher.claim(worker, 2) == [1, 2])
        try await finisher.run(
            "begin; select agentcorp.work(0::smallint, \(worker), 1, 0, '{4}', '{0}', '{}', '{1}', '{1}', '{1}')")
        async let rescued = rescuer.value("select tasks from agentcorp.rescue()")
        try await watcher.waitUntilBlocked(rescuer)
        try await finisher.run("commit")
        #expect(try await rescued == "1")
        #expect(try await watcher.state(1) == "completed")
        #expect(try await watcher.rows("select state, attempt from agentcorp.tasks where id = 2") == ["ready|2"])
        #expect(
            try await watcher.rows(
                "select task_id from agentcorp.work(0::smallint, \(worker), 1, 0, '{4}', '{0}', '{}', '{2}', '{1}', '{1}')"
            ) == ["2"])
    }

    @Test("kinds that no live worker handles are named")
    func kinds() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        #expect(try await sql.rows("select agentcorp.unhandled_kinds('{b,a,c}')") == ["b", "c"])
        try await sql.run("select agentcorp.retire_worker(\(worker))")
        #expect(try await sql.rows("select agentcorp.unhandled_kinds('{a}')") == ["a"])
    }
}
