import TestSupport
import Testing

/// A task of an agent that is claimed and has begun, as the worker that runs it sees it.
struct AgentSession {
    let sql: Session
    let worker: Int
    let task: Int

    static func begin(
        on other: Session? = nil, session: String? = nil, budget: String = "{}"
    ) async throws -> AgentSession {
        let sql: Session
        if let other { sql = other } else { sql = try await Session.open() }
        try await sql.run("select agentcorp.put_agent('w', '{\"model\": \"m\"}')")
        let worker = try await sql.worker()
        let name = session.map { "'\($0)'" } ?? "null"
        let task = try await sql.int("select agentcorp.ask('w', 'hello', session => \(name), max_attempts => 3)")
        try await sql.run("select agentcorp.admit(0::smallint)")
        #expect(try await sql.claim(worker) == [task])
        try await sql.run(
            "select agentcorp.begin_run(\(task), 1, 'w', 1, '[{\"text\": \"hello\"}]', \(name), '\(budget)')")
        return AgentSession(sql: sql, worker: worker, task: task)
    }

    func commitSQL(_ turn: Int, text: String = "so", calls: String = "[]") -> String {
        """
        select agentcorp.commit_turn(\(task), 1, \(turn), 'p', 'm', 'stop', '\\x00', '{"text": "\(text)"}', '\(calls)', 10, 20, 0, 0, 0, 0.01, '1 s')
        """
    }

    func commit(_ turn: Int, text: String = "so", calls: String = "[]") async throws {
        try await sql.run(commitSQL(turn, text: text, calls: calls))
    }

    /// The worker dies, and the task is claimed again: its attempt is the second.
    func loseAndClaim() async throws {
        try await sql.run("update agentcorp.worker set beat_at = beat_at - interval '1 hour' where id = \(worker)")
        let other = try await sql.worker()
        try await sql.run("select * from agentcorp.rescue(); select agentcorp.admit(0::smallint)")
        #expect(try await sql.claim(other) == [task])
    }

    func end() async throws {
        _ = try await sql.finish(task, worker)
    }
}
