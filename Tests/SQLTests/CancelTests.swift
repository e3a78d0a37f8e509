import TestSupport
import Testing

@Suite(.checkedDatabase)
struct CancelTests {
    @Test("a cancel takes the whole open subtree, in every state, and leaves what has ended")
    func everyState() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let root = try await sql.tree(
            """
            {"kind":"r","subtasks":[{"kind":"a","name":"ready"},{"kind":"a","name":"scheduled","run_at":"2100-01-01T00:00:00Z"},
              {"kind":"a","name":"blocked","needs":["ready"],"subtasks":[{"kind":"a","name":"deep"}]},
              {"kind":"a","name":"done","priority":0},{"kind":"a","name":"failed","priority":0,"on_error":"skip"},
              {"kind":"a","name":"retrying","priority":0},{"kind":"a","name":"waiting","priority":0},
              {"kind":"a","name":"finished","priority":0},{"kind":"a","name":"running","priority":0}]}
            """)
        let other = try await sql.enqueue()
        let claimed = try await sql.claim(worker, 6)
        for task in claimed[3...] { try await sql.run("select agentcorp.add_subtask(\(task), 'child', priority => 9)") }
        try await sql.finish(claimed[0], worker)
        try await sql.finish(claimed[1], worker, "'failed', retry => false")
        try await sql.finish(claimed[2], worker, "'failed', delay => interval '1 hour'")
        try await sql.finish(claimed[3], worker, "'suspended'")
        try await sql.finish(claimed[4], worker)
        try await sql.settle()
        #expect(
            try await sql.states(root) == [
                "r blocked", "ready ready", "scheduled scheduled", "blocked blocked", "deep blocked", "done completed",
                "failed failed",
                "retrying scheduled", "waiting waiting", "child ready", "finished waiting", "child ready",
                "running running", "child ready",
            ])
        #expect(try await sql.int("select agentcorp.cancel(\(root), 'enough')") == 12)
        #expect(try await sql.int("select agentcorp.cancel(\(root))") == 0)
        let after = try await sql.states(root)
        #expect(after.count { $0.hasSuffix("cancelled") } == 12)
        #expect(after.contains("done completed") && after.contains("failed failed"))
        #expect(
            try await sql.rows(
                "select (error - 'by')::text || (error ->> 'by' = current_user) from agentcorp.tasks where id = \(root)"
            ) == [
                #"{"reason": "cancelled", "message": "enough"}true"#
            ])
        #expect(try await sql.rows("select task_id from agentcorp.heartbeat(\(worker))") == ["\(claimed[5])"])
        #expect(try await sql.state(other) == "ready")
        for table in ["scheduled", "blocked"] {
            #expect(try await sql.int("select count(*) from agentcorp.\(table)") == 0)
        }
        try await sql.settle()
        try await sql.refuses("select agentcorp.cancel(999)", "AC001", "unknown task 999")
    }

    @Test("who needs a cancelled task is cancelled too, and its parent")
    func dependants() async throws {
        let sql = try await Session.open()
        let root = try await sql.tree(
            #"{"kind":"r","subtasks":[{"kind":"a","name":"a"},{"kind":"b","name":"b","needs":["a"]},{"kind":"c","name":"c"}]}"#
        )
        #expect(try await sql.int("select agentcorp.cancel(\(root + 1))") == 1)
        #expect(try await sql.states(root) == ["r blocked", "a cancelled", "b blocked", "c ready"])
        try await sql.settle()
        #expect(try await sql.states(root).allSatisfy { $0.hasSuffix("cancelled") })
    }

    @Test("a claim and a cancel of the same task: the cancel wins or the task runs and is stopped")
    func claimRace() async throws {
        let one = try await Session.open()
        let two = try await Session.open()
        let worker = try await one.worker()
        let first = try await one.enqueue()
        let second = try await one.enqueue()
        try await one.run("begin; select agentcorp.cancel(\(first))")
        #expect(try await two.claim(worker, 10) == [second])
        try await one.run("commit")
        let third = try await one.enqueue()
        try await one.run("begin")
        #expect(try await one.claim(worker) == [third])
        async let cancelled = two.int("select agentcorp.cancel(\(third))")
        let watcher = try await Session.open()
        try await watcher.waitUntilBlocked(two)
        try await one.run("commit")
        #expect(try await cancelled == 1)
        #expect(try await watcher.state(third) == "cancelled")
        #expect(try await watcher.rows("select task_id from agentcorp.heartbeat(\(worker))") == ["\(third)"])
        #expect(try await watcher.int("select count(*) from agentcorp.ready") == 0)
    }

    @Test("a promotion and a cancel of the same task")
    func promoteRace() async throws {
        let one = try await Session.open(clock: "2 hours")
        let two = try await Session.open(clock: "2 hours")
        let watcher = try await Session.open()
        let task = try await watcher.enqueue("'a', run_at => agentcorp.clock() + '1 hour'")
        try await one.run("begin; select * from agentcorp.promote(0::smallint)")
        async let cancelled = two.int("select agentcorp.cancel(\(task))")
        try await watcher.waitUntilBlocked(two)
        try await one.run("commit")
        #expect(try await cancelled == 1)
        #expect(try await watcher.int("select count(*) from agentcorp.ready") == 0)
    }

    @Test("a paused queue gives out nothing, what runs goes on, and a resume ends it")
    func pause() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        for _ in 1...2 { try await sql.enqueue() }
        #expect(try await sql.claim(worker) == [1])
        try await sql.run("select agentcorp.pause_queue('default')")
        let since = try await sql.value("select paused_at from agentcorp.queues")
        try await sql.run("select agentcorp.pause_queue('default')")
        #expect(try await sql.value("select paused_at from agentcorp.queues") == since)
        #expect(try await sql.claim(worker).isEmpty)
        #expect(try await sql.finish(1, worker))
        try await sql.enqueue()
        try await sql.run("select agentcorp.resume_queue('default')")
        #expect(try await sql.claim(worker, 5) == [2, 3])
        try await sql.refuses("select agentcorp.pause_queue('defautl')", "AC006", hint: "did you mean \"default\"?")
        try await sql.refuses("select agentcorp.resume_queue('nowhere')", "AC006", hint: "create_queue")
        try await sql.refuses("select agentcorp.create_queue('No Spaces')", "AC007", hint: "lower-case")
        #expect(try await sql.value("select agentcorp.create_queue('io') = agentcorp.create_queue('io')") == "true")
    }
}
