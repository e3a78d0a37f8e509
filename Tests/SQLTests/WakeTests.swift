import TestSupport
import Testing

/// Suspended tasks that run again after a while, whatever they wait for.
@Suite(.checkedDatabase)
struct WakeTests {
    @Test("a task that waits for its subtasks no longer than it said runs again, and they go on until it ends")
    func subtasks() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        try await sql.run("select agentcorp.create_queue('other')")
        let child = try await sql.int("select agentcorp.add_subtask(\(task), 'w', queue => 'other')")
        try await sql.finish(task, worker, "'suspended', delay => '1 hour'")
        #expect(try await sql.int("select expire_ms / 60000 from agentcorp.due(0::smallint)") == 59)
        try await sql.setClock("59 minutes")
        #expect(try await sql.int("select expired from agentcorp.expire_waits(0::smallint)") == 0)
        try await sql.setClock("61 minutes")
        #expect(try await sql.int("select expire_ms from agentcorp.due(0::smallint)") == 0)
        #expect(try await sql.int("select expired from agentcorp.expire_waits(0::smallint)") == 1)
        #expect(try await sql.value("select expire_ms from agentcorp.due(0::smallint)") == "")
        #expect(try await sql.state(child) == "ready")
        #expect(try await sql.claim(worker) == [task])
        // It waits again, now for as long as it takes, and is woken by them.
        try await sql.finish(task, worker, "'suspended'")
        #expect(try await sql.value("select expire_ms from agentcorp.due(0::smallint)") == "")
        try await sql.run("select agentcorp.cancel(\(child))")
        try await sql.settle()
        #expect(try await sql.state(task) != "waiting")
    }

    @Test("who fails then takes its subtasks with it")
    func failure() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        try await sql.run("select agentcorp.create_queue('other')")
        let child = try await sql.int("select agentcorp.add_subtask(\(task), 'w', queue => 'other')")
        try await sql.finish(task, worker, "'suspended', delay => '1 hour'")
        try await sql.setClock("61 minutes")
        try await sql.run("select agentcorp.expire_waits(0::smallint)")
        #expect(try await sql.claim(worker) == [task])
        try await sql.finish(task, worker, "'failed', retry => false")
        #expect(try await sql.state(task) == "failed")
        #expect(try await sql.state(child) == "cancelled")
    }

    @Test("subtasks that end before wake their parent, and the time means nothing any more")
    func before() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        let child = try await sql.int("select agentcorp.add_subtask(\(task), 'w')")
        try await sql.finish(task, worker, "'suspended', delay => '1 hour'")
        #expect(try await sql.claim(worker) == [child])
        try await sql.finish(child, worker)
        try await sql.settle()
        #expect(try await sql.claim(worker) == [task])
        try await sql.setClock("61 minutes")
        #expect(try await sql.int("select expired from agentcorp.expire_waits(0::smallint)") == 0)
        try await sql.run("select agentcorp.heartbeat(\(worker))")
        try await sql.finish(task, worker)
        #expect(try await sql.state(task) == "completed")
    }

    @Test("a task that waits for an event no longer than it said still waits for it when it runs again")
    func event() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        #expect(try await sql.await(task, 1, "'a', 'news', '1'") == "")
        try await sql.finish(task, worker, "'suspended', delay => '1 hour'")
        try await sql.setClock("61 minutes")
        #expect(try await sql.int("select expired from agentcorp.expire_waits(0::smallint)") == 1)
        try await sql.run("select agentcorp.heartbeat(\(worker))")
        #expect(try await sql.claim(worker) == [task])
        #expect(try await sql.await(task, 2, "'a', 'news', '1'") == "")
        try await sql.finish(task, worker, "'suspended', delay => '1 hour'")
        try await sql.run("select agentcorp.emit_event('news', key => '1')")
        #expect(try await sql.state(task) == "ready")
        #expect(try await sql.value("select expire_ms from agentcorp.due(0::smallint)") == "")
        #expect(try await sql.claim(worker) == [task])
        #expect(try await sql.await(task, 3, "'a', 'news', '1'") != "")
        try await sql.finish(task, worker)
        #expect(try await sql.state(task) == "completed")
    }

    @Test("the time that a task has runs from its first attempt on, and after a retry anew")
    func timeLeft() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        func left(_ attempt: Int) async throws -> Int {
            try await sql.int(
                "select round(extract(epoch from agentcorp.time_left(\(task), \(attempt), '1 hour')) / 60)")
        }
        #expect(try await left(1) == 60)
        try await sql.setClock("20 minutes")
        #expect(try await left(1) == 40)
        try await sql.setClock("61 minutes")
        #expect(try await left(1) == 0)
        try await sql.finish(task, worker, "'failed', retry => false")
        try await sql.run("select agentcorp.heartbeat(\(worker)); select agentcorp.retry(\(task))")
        #expect(try await sql.claim(worker) == [task])
        #expect(try await left(2) == 60)
    }
}
