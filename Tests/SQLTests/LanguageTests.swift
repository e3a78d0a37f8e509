import Foundation
import Glibc
import Postgres
import TestSupport
import Testing

/// The workers in `examples/`, as processes whose login is a member of `agentcorp_worker` and of nothing else.
@Suite(.checkedDatabase)
struct LanguageTests {
    private static let examples = URL(filePath: #filePath).deletingLastPathComponent().path + "/../../examples/"

    /// A Python that has psycopg: Debian's own first, because its packages are of no use to another one.
    private static let interpreter = ["/usr/bin/python3", "/usr/local/bin/python3"].first {
        access($0, X_OK) == 0 && imports(psycopg: $0)
    }
    private static let isCI = ProcessInfo.processInfo.environment["CI"] != nil

    private static func imports(psycopg python: String) -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: python)
        process.arguments = ["-c", "import psycopg"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    private func withWorker(_ command: [String], _ body: (Session, TestProcess) async throws -> Void) async throws {
        let sql = try await Session.open()
        try await sql.withRole("login in role agentcorp_worker") { login in
            let environment = ["AGENTCORP_DATABASE": TestDatabase.current.dsn(user: login)]
            let process = try TestProcess.start("env", command, environment: environment)
            defer { process.kill() }
            do {
                try await body(sql, process)
            } catch {
                throw TestSupportError("\(error); the worker said: \(process.errors)")
            }
            process.signal(SIGTERM)
            _ = try await process.waitForExit()
        }
    }

    private func state(_ task: Int, _ sql: Session) async throws -> String {
        try await sql.value(
            "select concat_ws(' ', s.state, s.output, s.error ->> 'message') from agentcorp.result_of(\(task)) s")
    }

    @Test(
        "the worker in Python drains tasks, outlives a broken connection, and gives back on SIGTERM what it has not started",
        .enabled(if: interpreter != nil || isCI, "no Python with psycopg here: install python3-psycopg"))
    func python() async throws {
        let python = try #require(Self.interpreter, "install python3-psycopg")
        try await withWorker([python, Self.examples + "worker.py"]) { sql, process in
            let sum = try await sql.enqueue(#"'add', '{"numbers": [1, 2, 3]}'"#)
            let greeting = try await sql.enqueue(#"'greet', '{"name": "Ada"}'"#)
            let failure = try await sql.enqueue("'greet', max_attempts => 1")
            try await waitUntil("the last of three tasks") { try await state(failure, sql) == "failed 'name'" }
            #expect(try await state(sum, sql) == "completed 6")
            #expect(try await state(greeting, sql) == #"completed {"text": "Hello, Ada!"}"#)

            try await sql.run(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
            )
            let later = try await sql.enqueue(#"'add', '{"numbers": []}'"#)
            try await waitUntil("a task after the break") { try await state(later, sql) == "completed 0" }

            let batch = try await sql.ints(
                "select agentcorp.enqueue_many('[{\"kind\": \"nap\", \"args\": {\"seconds\": 0.5}}, {\"kind\": \"add\"}, {\"kind\": \"add\"}]')"
            )
            try await waitUntil("the nap") { process.output.contains("task \(batch[0]) attempt 1 nap") }
            process.signal(SIGTERM)
            #expect(try await process.waitForExit().status == 0)
            #expect(try await state(batch[0], sql) == "completed")
            for task in batch[1...] { #expect(try await state(task, sql) == "ready") }
            #expect(
                try await sql.int(
                    "select count(*) from agentcorp.attempt where task_id = any ('{\(batch[1]),\(batch[2])}')") == 0)
            #expect(try await sql.int("select count(*) from agentcorp.workers where state <> 'stopped'") == 0)
        }
    }

    @Test(
        "what a killed worker in Python was doing goes to another",
        .enabled(if: interpreter != nil || isCI, "no Python with psycopg here: install python3-psycopg"))
    func killed() async throws {
        let python = try #require(Self.interpreter, "install python3-psycopg")
        try await withWorker([python, Self.examples + "worker.py"]) { sql, process in
            let task = try await sql.enqueue(#"'nap', '{"seconds": 600}'"#)
            try await waitUntil("the nap") { try await state(task, sql) == "running" }
            process.kill()
            _ = try await process.waitForExit()
            try await sql.setClock("1 minute")
            #expect(try await sql.value("select workers || ' ' || tasks from agentcorp.rescue()") == "1 1")
            let other = try await sql.worker()
            #expect(try await sql.claim(other) == [task])
            try await sql.finish(task, other)
            #expect(
                try await sql.rows("select outcome from agentcorp.attempts order by attempt") == ["lost", "completed"])
        }
    }

    @Test("the worker in bash and psql drains tasks and says goodbye")
    func shell() async throws {
        try await withWorker(["bash", Self.examples + "worker.sh", "words"]) { sql, process in
            try await waitUntil("its registration") {
                try await sql.int("select count(*) from agentcorp.queue where name = 'words'") == 1
            }
            let hostile = #"it's "one", $(two) `three` \\ and | four"#
            let count = try await sql.enqueue("'count_words', jsonb_build_object('text', $q$\(hostile)$q$), 'words'")
            let upper = try await sql.enqueue("'upper', jsonb_build_object('text', $q$\(hostile)$q$), 'words'")
            let failure = try await sql.enqueue("'unknown', queue => 'words', max_attempts => 1")
            try await waitUntil("the last of three tasks") {
                try await state(failure, sql) == "failed no handler for unknown"
            }
            #expect(try await state(count, sql) == "completed 8")
            #expect(
                try await sql.value(
                    "select output ->> 'text' = upper($q$\(hostile)$q$) from agentcorp.result_of(\(upper))") == "true")
            process.signal(SIGTERM)
            #expect(try await process.waitForExit().status == 0)
            #expect(try await sql.int("select count(*) from agentcorp.workers where state <> 'stopped'") == 0)
        }
    }

    @Test("tasks from a trigger, in the transaction of the row")
    func trigger() async throws {
        let sql = try await Session.open()
        let file = try Data(contentsOf: URL(filePath: Self.examples + "trigger.sql"))
        try await TestDatabase.current.psql(String(decoding: file, as: UTF8.self))
        #expect(
            try await sql.rows("select args ->> 'order_id' from agentcorp.tasks where kind = 'send_invoice'") == ["1"])
    }
}
