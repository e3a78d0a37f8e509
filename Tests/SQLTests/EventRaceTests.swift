import TestSupport
import Testing

/// Emitters and waiters at the same time: either sees the other.
@Suite(.checkedDatabase)
struct EventRaceTests {
    private static let keys = ["'k'", "null"]

    @Test("who begins to wait while an event is about to be committed gets it", arguments: keys)
    func waiterWaits(key: String) async throws {
        let sql = try await Session.open()
        let emitter = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        try await emitter.run("begin")
        try await emitter.emit("'t', '1', \(key)")
        async let value = sql.await(task, 1, "'e', 't', \(key)")
        try await emitter.waitUntilBlocked(sql)
        try await emitter.run("commit")
        #expect(try await value == "1")
        #expect(try await sql.waits() == 0)
        try await sql.finish(task, worker)
    }

    @Test("who begins to wait while an event is about to be rolled back waits on", arguments: keys)
    func rolledBack(key: String) async throws {
        let sql = try await Session.open()
        let emitter = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        try await emitter.run("begin")
        try await emitter.emit("'t', '1', \(key)")
        async let value = sql.await(task, 1, "'e', 't', \(key)")
        try await emitter.waitUntilBlocked(sql)
        try await emitter.run("rollback")
        #expect(try await value == "")
        try await sql.finish(task, worker, "'suspended'")
        try await emitter.emit("'t', '2', \(key)")
        #expect(try await sql.state(task) == "ready")
    }

    @Test("who emits while a wait is about to be committed wakes it", arguments: keys)
    func emitterWaits(key: String) async throws {
        let sql = try await Session.open()
        let emitter = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        try await sql.run("begin")
        #expect(try await sql.await(task, 1, "'e', 't', \(key)") == "")
        async let event = emitter.emit("'t', '1', \(key)")
        try await sql.waitUntilBlocked(emitter)
        try await sql.run("commit")
        _ = try await event
        try await sql.finish(task, worker, "'suspended'")
        #expect(try await sql.state(task) == "ready")
    }

    @Test("who emits while the task is about to be parked wakes it, and who parks sees the event")
    func parking() async throws {
        let sql = try await Session.open()
        let emitter = try await Session.open()
        let worker = try await sql.worker()
        let early = try await sql.running(worker)
        #expect(try await sql.await(early, 1, "'e', 't', 'early'") == "")
        try await sql.run("begin")
        try await sql.finish(early, worker, "'suspended'")
        async let event = emitter.emit("'t', '1', 'early'")
        try await sql.waitUntilBlocked(emitter)
        try await sql.run("commit")
        _ = try await event
        #expect(try await sql.state(early) == "ready")
        #expect(try await sql.claim(worker) == [early])
        #expect(try await sql.await(early, 2, "'f', 't', 'late'") == "")
        try await emitter.run("begin")
        try await emitter.emit("'t', '1', 'late'")
        async let ended = sql.finish(early, worker, "'suspended'", attempt: 2)
        try await emitter.waitUntilBlocked(sql)
        try await emitter.run("commit")
        #expect(try await ended)
        #expect(try await sql.state(early) == "ready")
    }

    @Test("a task that is cancelled while an event wakes it stays cancelled")
    func cancel() async throws {
        let sql = try await Session.open()
        let emitter = try await Session.open()
        let worker = try await sql.worker()
        for emitsFirst in [true, false] {
            let task = try await sql.parked(worker, "'e', 't'")
            let (first, second) = emitsFirst ? (emitter, sql) : (sql, emitter)
            let emit = "select agentcorp.emit_event('t')"
            let cancel = "select agentcorp.cancel(\(task))"
            try await first.run("begin; \(emitsFirst ? emit : cancel)")
            async let other: Void = second.run(emitsFirst ? cancel : emit)
            try await first.waitUntilBlocked(second)
            try await first.run("commit")
            try await other
            #expect(try await sql.state(task) == "cancelled")
            #expect(try await sql.waits() == 0)
        }
    }

    @Test(
        "an emitter that never commits holds up a waiter for two seconds, and nobody else; the sweep finds what was missed"
    )
    func forgottenEmitter() async throws {
        let sql = try await Session.open()
        let emitter = try await Session.open()
        let worker = try await sql.worker()
        let parked = try await sql.parked(worker, "'e', 't', 'k', '1 hour'")
        let task = try await sql.running(worker)
        try await emitter.run("begin")
        try await emitter.emit("'t', '1', 'k'")
        #expect(try await sql.await(task, 1, "'e', 't', 'k'") == "")
        #expect(try await sql.await(task, 1, "'f', 't'") == "")
        try await sql.finish(task, worker, "'suspended'")
        // The coordinator does not wait for a row that the emitter holds.
        try await sql.setClock("2 hours")
        #expect(try await sql.rows("select * from agentcorp.expire_waits(0::smallint)") == ["0|"])
        try await emitter.run("commit")
        #expect(try await sql.state(parked) == "ready")
        #expect(try await sql.state(task) == "waiting")
        #expect(try await sql.rows("select woken from agentcorp.sweep_waits(0::smallint)") == ["2"])
        #expect(try await sql.state(task) == "ready")
    }

    @Test("the sweep leaves alone what an open transaction holds")
    func sweepSkips() async throws {
        let sql = try await Session.open()
        let emitter = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.parked(worker, "'e', 't', 'k'")
        try await emitter.run("begin; select agentcorp.emit_event('other'); select 1 from agentcorp.blocked for update")
        try await sql.run(
            "insert into agentcorp.event (id, created_at, xact, shard, topic, key, data) values (1000, now(), pg_current_xact_id(), 0, 't', 'k', '1')"
        )
        #expect(try await sql.rows("select woken from agentcorp.sweep_waits(0::smallint)") == ["0"])
        try await emitter.run("commit")
        #expect(try await sql.rows("select woken from agentcorp.sweep_waits(0::smallint)") == ["1"])
        #expect(try await sql.state(task) == "ready")
    }

    @Test("many emitters and waiters at once: every wait ends, without the sweep")
    func crowd() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let tasks = 120
        try await sql.run(
            "select agentcorp.enqueue_many((select jsonb_agg('{\"kind\": \"w\"}'::jsonb) from generate_series(1, \(tasks))))"
        )
        #expect(try await sql.claim(worker, tasks).count == tasks)
        try await withThrowingTaskGroup { group in
            for part in 0..<3 {
                group.addTask {
                    let waiter = try await Session.open()
                    for task in 1...tasks where task % 3 == part {
                        // Half of them wait for the next event of their topic: each emits it itself, as soon as it waits.
                        if task % 2 == 0 {
                            if try await waiter.await(task, 1, "'e', 'even', '\(task)'") == "" {
                                try await waiter.finish(task, worker, "'suspended'", attempt: 1)
                            }
                        } else {
                            #expect(try await waiter.await(task, 1, "'e', 'odd.x\(task)'") == "")
                            async let event = Session.open().emit("'odd.x\(task)'")
                            try await waiter.finish(task, worker, "'suspended'", attempt: 1)
                            _ = try await event
                        }
                    }
                }
            }
            for part in 0..<2 {
                group.addTask {
                    let emitter = try await Session.open()
                    for task in 1...tasks where task % 4 == part * 2 {
                        try await emitter.emit("'even', '1', '\(task)'")
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await sql.waits() == 0)
        #expect(try await sql.int("select count(*) from agentcorp.step where name = 'e'") == tasks)
        #expect(try await sql.int("select count(*) from agentcorp.tasks where state = 'waiting'") == 0)
    }
}
