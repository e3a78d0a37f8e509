import TestSupport
import Testing

@Suite(.checkedDatabase)
struct TimerTests {
    @Test("a task that sleeps for months stands in scheduled, holds no worker, and does not sleep again")
    func sleep() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        func left(_ attempt: Int, _ name: String = "nap") async throws -> String {
            try await sql.value(
                "select round(extract(epoch from agentcorp.sleep_for(\(task), \(attempt), '\(name)', '90 days')) / 86400)"
            )
        }
        #expect(try await left(1) == "90")
        #expect(
            try await sql.value(
                "select agentcorp.snooze(\(task), 1, \(worker), agentcorp.sleep_for(\(task), 1, 'nap', '90 days'))")
                == "true")
        #expect(try await sql.state(task) == "scheduled")
        #expect(try await sql.int("select count(*) from agentcorp.claim") == 0)
        try await sql.setClock("89 days")
        try await sql.settle()
        #expect(try await sql.state(task) == "scheduled")
        try await sql.setClock("91 days")
        try await sql.settle()
        try await sql.run("select agentcorp.heartbeat(\(worker))")
        #expect(try await sql.claim(worker) == [task])
        #expect(try await left(2) == "0")
        #expect(try await left(2, "another") == "90")
        try await sql.finish(task, worker, "'failed', delay => '0 s'")
        try await sql.settle()
        #expect(try await sql.claim(worker) == [task])
        #expect(try await left(3) == "0")
    }

    @Test("a moment that has passed is not waited for; the first one stands")
    func moments() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        #expect(try await sql.value("select agentcorp.sleep_until(\(task), 1, 'a', '2001-01-01')") == "00:00:00")
        #expect(try await sql.value("select agentcorp.sleep_until(\(task), 1, 'a', '2100-01-01')") == "00:00:00")
        for moment in ["'infinity'", "null", "'-infinity'"] {
            try await sql.refuses(
                "select agentcorp.sleep_until(\(task), 1, 'b', \(moment))", "AC007", hint: "await_event")
        }
        try await sql.refuses("select agentcorp.sleep_until(\(task), 2, 'b', '2100-01-01')", "AC002")
        try await sql.refuses("select agentcorp.sleep_until(99, 1, 'b', '2100-01-01')", "AC001")
    }
}
