import TestSupport
import Testing

/// Processes that are killed where it hurts.
@Suite(.checkedDatabase)
struct EventCrashTests {
    private static let backends =
        "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'psql'"

    /// Runs statements in a process of its own, which then hangs in its last one until it is killed.
    private func start(_ sql: String) throws -> TestProcess {
        try TestProcess.start(
            "psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", TestDatabase.current.dsn, "-f", "-"],
            input: "set client_connection_check_interval = '50 ms'; \(sql); select pg_sleep(600) as hang;")
    }

    private func waitUntilHanging(_ sql: Session) async throws {
        try await waitUntil("the process to hang") {
            try await sql.int("\(Self.backends) and wait_event = 'PgSleep'") == 1
        }
    }

    private func kill(_ process: TestProcess, _ sql: Session) async throws {
        process.kill()
        _ = try await process.waitForExit()
        // It no longer sleeps a while before it has let go of its locks.
        try await waitUntil("the server to notice") { try await sql.int(Self.backends) == 0 }
    }

    @Test("a worker that is killed between registering a wait and parking its task loses no event")
    func worker() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let (keyed, next) = (try await sql.enqueue(), try await sql.enqueue())
        let process = try start(
            """
            select * from agentcorp.claim(\(worker), 'default', 2);
            select agentcorp.await_event(\(keyed), 1, 'e', 't', 'k'), agentcorp.await_event(\(next), 1, 'e', 't')
            """)
        try await waitUntilHanging(sql)
        try await kill(process, sql)
        try await sql.emit("'t', '1', 'k'")
        try await sql.emit("'t', '2'")
        try await sql.setClock("1 minute")
        #expect(try await sql.value("select tasks from agentcorp.rescue()") == "2")
        let other = try await sql.worker()
        #expect(try await Set(sql.claim(other, 2)) == [keyed, next])
        #expect(try await sql.await(keyed, 2, "'e', 't', 'k'") == "1")
        #expect(try await sql.await(next, 2, "'e', 't'") == "1")
        for task in [keyed, next] { try await sql.finish(task, other) }
        #expect(try await sql.waits() == 0)
    }

    @Test("an emitter that is killed before it commits has emitted nothing, and holds up nobody")
    func emitter() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.parked(worker, "'e', 't', 'k'")
        try await sql.run("select agentcorp.subscribe('s', '**', 'a')")
        let process = try start("begin; select agentcorp.emit_event('t', '1', 'k')")
        try await waitUntilHanging(sql)
        try await kill(process, sql)
        #expect(try await sql.state(task) == "waiting")
        #expect(try await sql.int("select count(*) from agentcorp.event") == 0)
        #expect(try await sql.int("select count(*) from agentcorp.task") == 1)
        try await sql.emit("'t', '2', 'k'")
        #expect(try await sql.claim(worker) == [task])
        #expect(try await sql.await(task, 2, "'e', 't', 'k'") == "2")
        try await sql.finish(task, worker)
    }

    @Test("a worker that is killed while it parks its task has not parked it: the next attempt waits on")
    func parking() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        #expect(try await sql.await(task, 1, "'e', 't'") == "")
        let process = try start("begin; select agentcorp.finish(\(task), 1, \(worker), 'suspended')")
        try await waitUntilHanging(sql)
        try await kill(process, sql)
        #expect(try await sql.state(task) == "running")
        try await sql.setClock("1 minute")
        try await sql.run("select agentcorp.rescue()")
        let other = try await sql.worker()
        #expect(try await sql.claim(other) == [task])
        #expect(try await sql.await(task, 2, "'e', 't'") == "")
        try await sql.finish(task, other, "'suspended'")
        #expect(try await sql.state(task) == "waiting")
        try await sql.emit("'t', '1'")
        #expect(try await sql.state(task) == "ready")
    }
}
