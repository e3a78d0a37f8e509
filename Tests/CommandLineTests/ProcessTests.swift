import Glibc
import TestSupport
import Testing

@Suite struct ProcessTests {
    @Test("SIGTERM stops a worker gracefully: what runs may end", .migratedDatabase, arguments: [SIGTERM, SIGINT])
    func graceful(signal: Int32) async throws {
        try await Scratch.use { scratch in
            let worker = try Agentcorp.start(["worker", "--queues", "default:2"])
            // A pipe with a name: the task reads it until the test closes its end.
            #expect(mkfifo("\(scratch.path)/go", 0o600) == 0)
            let wait = "touch \(scratch.path)/started; cat \(scratch.path)/go"
            let id = try await Agentcorp.run("enqueue", "command", "--args", #"{"argv": ["sh", "-c", "\#(wait)"]}"#)
                .output
            try await waitUntil("the task to run") { scratch.has("started") }
            worker.signal(signal)
            try await waitUntil("the signal to arrive") { worker.errors.contains(" info stopping") }
            close(open("\(scratch.path)/go", O_WRONLY))
            let result = try await worker.waitForExit()
            #expect(result.status == 0, "\(result.errors)")
            let state = try await TestDatabase.current.psql("select state from agentcorp.tasks where id = \(id)")
            #expect(state == "completed")
            #expect(result.errors.contains(" info worker started worker="))
        }
    }

    @Test("a second signal leaves at once, and the task is given back", .migratedDatabase)
    func secondSignal() async throws {
        let worker = try Agentcorp.start(["worker"])
        let id = try await Agentcorp.run("enqueue", "sleep", "--args", #"{"seconds": 600}"#).output
        try await waitUntil("the task to run") {
            try await TestDatabase.current.psql("select state from agentcorp.tasks where id = \(id)") == "running"
        }
        worker.signal(SIGTERM)
        try await waitUntil("the first signal's message") { worker.errors.contains("stopping") }
        worker.signal(SIGTERM)
        let result = try await worker.waitForExit(timeout: .seconds(20))
        #expect(result.status == 0 || result.status == 143)
        #expect(try await TestDatabase.current.psql("select state from agentcorp.tasks where id = \(id)") == "ready")
    }

    @Test("logs are lines of JSON when asked for", .migratedDatabase)
    func jsonLogs() async throws {
        let coordinator = try Agentcorp.start(["coordinator", "--log-format", "json"])
        try await waitUntil("a log line") { coordinator.errors.contains("\"message\":\"leading\"") }
        coordinator.signal(SIGTERM)
        let result = try await coordinator.waitForExit()
        #expect(result.status == 0)
        for line in result.errors.split(separator: "\n") {
            #expect(line.hasPrefix("{\"time\":\"2"))
            #expect(line.hasSuffix("}"))
        }
    }

    @Test(
        "queues that cannot be served are refused at once", .migratedDatabase,
        arguments: [
            ["--queues", "default:0"], ["--queues", "a,a"], ["--queues", ""], ["--concurrency", "0"],
            ["--shutdown-grace", "x"],
        ])
    func badOptions(options: [String]) async throws {
        let result = try await Agentcorp.run(["worker"] + options)
        #expect(result.status == 2)
    }

    @Test("a worker without a schema says what to run", .database)
    func missingSchema() async throws {
        let result = try await Agentcorp.run("worker")
        #expect(result.status == 4)
        #expect(result.errors.contains("agentcorp migrate up"))
    }

    @Test(
        "behind a pooler nothing listens, unless there is a direct address", .migratedDatabase,
        arguments: [
            ([], 1), (["--pooler"], 0), (["--direct-database", "itself"], 1),
        ])
    func listening(options: [String], listeners: Int) async throws {
        let dsn = TestDatabase.current.dsn
        let worker = try Agentcorp.start(["worker"] + options.map { $0 == "itself" ? dsn : $0 })
        try await waitUntil("the worker") { worker.errors.contains("worker started") }
        let id = try await Agentcorp.run("enqueue", "noop").output
        try await waitUntil("the task to complete") {
            try await TestDatabase.current.psql("select state from agentcorp.tasks where id = \(id)") == "completed"
        }
        let count = try await TestDatabase.current.psql(
            "select count(*) from pg_stat_activity where datname = current_database() and query ilike 'listen%'")
        #expect(count == "\(listeners)")
        worker.signal(SIGTERM)
        #expect(try await worker.waitForExit().status == 0)
    }
}
