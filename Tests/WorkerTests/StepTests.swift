import Postgres
import Queue
import Synchronization
import TestSupport
import Testing

@testable import Worker

@Suite(.checkedDatabase)
struct StepTests {
    /// Runs a task of a handler to its end, retries and all, and returns its id.
    private func run(
        expecting end: String = "completed", _ handler: @escaping TaskHandler,
        check: (PostgresPool, TaskManager, Int64) async throws -> Void = { _, _, _ in }
    ) async throws {
        try await withWorker {
            $0.register("stepped", handler)
        } _: { pool, manager in
            let id = try await manager.enqueue(TaskRequest("stepped"))
            try await waitUntil("the task to end") {
                _ = try await pool.query("select agentcorp.promote(0::smallint), agentcorp.resolve_ends(0::smallint)")
                return try await TaskState(rawValue: manager.state(id))?.isFinal == true
            }
            #expect(try await manager.state(id) == end)
            try await check(pool, manager, id)
        }
    }

    @Test("names that repeat are numbered in their order, the same in every attempt")
    func repeated() async throws {
        let computed = Mutex<[Int]>([])
        try await run { context in
            var values: [Int] = []
            for i in 0..<4 {
                if i == 2, context.task.attempt == 1 { throw RetryAfter(.zero, "half way") }
                values.append(
                    try await context.step("page") {
                        computed.withLock { $0.append(i) }
                        return i
                    })
            }
            return try .output(values)
        } check: { _, manager, id in
            let output = try await manager.output(of: id)?.text
            #expect(output == "[0, 1, 2, 3]")
            #expect(computed.withLock { $0 } == [0, 1, 2, 3])
            let names = try await manager.steps(of: id).map(\.name)
            #expect(names == ["page", "page#2", "page#3", "page#4"])
            let attempts = try await manager.steps(of: id).map(\.attempt)
            #expect(attempts == [1, 1, 2, 2])
        }
    }

    @Test("a step that failed is not recorded and keeps its number, and is tried again as often as wanted")
    func failing() async throws {
        let tries = Mutex(0)
        try await run { context in
            let value = try await context.step("flaky", retry: StepRetry(attempts: 3, delay: .zero)) {
                try tries.withLock {
                    $0 += 1
                    if $0 < 5 { throw TaskFailure("not yet") }
                    return $0
                }
            }
            return try .output(value)
        } check: { _, manager, id in
            // Three tries in the first attempt; the back-off of the task; two in the second.
            #expect(tries.withLock { $0 } == 5)
            let attempts = try await manager.describe(id)["attempt"]
            #expect(attempts == 2)
            let names = try await manager.steps(of: id).map(\.name)
            #expect(names == ["flaky"])
        }
    }

    @Test("what is permanent is tried once")
    func permanent() async throws {
        let tries = Mutex(0)
        try await run(expecting: "failed") { context in
            let _: Int = try await context.step("never", retry: StepRetry(attempts: 3, delay: .zero)) {
                tries.withLock { $0 += 1 }
                throw PermanentFailure("no")
            }
            return .completed(nil)
        }
        #expect(tries.withLock { $0 } == 1)
    }

    @Test("steps run at once in child tasks, and two of one name at once are refused")
    func concurrent() async throws {
        try await run { context in
            let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                for i in 0..<20 { group.addTask { try await context.step("part \(i)") { i } } }
                return try await group.reduce(0, +)
            }
            return try .output(sum)
        } check: { _, manager, id in
            let output = try await manager.output(of: id)?.text
            #expect(output == "190")
            let count = try await manager.steps(of: id).count
            #expect(count == 20)
        }
        try await run(expecting: "failed") { context in
            let _: Int = try await context.step("same") { try await context.step("same") { 1 } }
            return .completed(nil)
        } check: { _, manager, id in
            let message = try await manager.describe(id)["error"]?["message"]?.string ?? ""
            #expect(message.contains("\"same\" runs already"))
        }
    }

    @Test("names that could be taken for numbered ones are refused", arguments: ["", "page#2"])
    func badNames(name: String) async throws {
        try await run(expecting: "failed") { context in
            let _: Int = try await context.step(name) { 1 }
            return .completed(nil)
        }
    }

    @Test("large values are replayed too, and a value of another type says so")
    func values() async throws {
        let text = String((0..<4000).map { _ in "abcdefghijklmnopqrstuvwxyz0123456789".randomElement() ?? "a" })
        try await run { context in
            let large = try await context.step("large") { [text, text, text, text] }
            let nothing: Int? = try await context.step("nothing") { nil }
            #expect(large == [text, text, text, text] && nothing == nil)
            if context.task.attempt == 1 { throw RetryAfter(.zero, "again") }
            return .completed(nil)
        }
        try await run(expecting: "failed") { context in
            if context.task.attempt == 1 {
                let _: Int = try await context.step("value") { 1 }
                throw RetryAfter(.zero, "again")
            }
            let _: String = try await context.step("value") { "" }
            return .completed(nil)
        } check: { _, manager, id in
            let message = try await manager.describe(id)["error"]?["message"]?.string ?? ""
            #expect(message.contains("what step \"value\" has recorded does not fit"))
        }
    }

    @Test("one look at the database serves all steps of an execution, also when they ask at once")
    func oneLook() async throws {
        final class Counted: Database {
            let pool: PostgresPool
            let statements = Mutex(0)

            init(_ pool: PostgresPool) { self.pool = pool }

            func query(_ sql: String, _ parameters: [any PostgresEncodable], deadline: Duration?) async throws
                -> PostgresResult
            {
                statements.withLock { $0 += 1 }
                return try await pool.query(sql, parameters, deadline: deadline)
            }
        }
        try await TestDatabase.current.withPool { pool in
            let id = try await TaskManager(pool).enqueue(TaskRequest("noop"))
            let database = Counted(pool)
            let link = TaskLink(database, AttemptKey(task: id, attempt: 1))
            for i in 0..<20 { _ = try await link.putStep("s\(i)", PostgresJSON("[\(i)]")) }
            database.statements.withLock { $0 = 0 }
            let log = StepLog()
            await withThrowingTaskGroup { group in
                for i in 0..<30 {
                    group.addTask {
                        let text = try await log.recorded("s\(i)", link)?.text
                        #expect(text == (i < 20 ? "[\(i)]" : nil))
                    }
                }
            }
            #expect(database.statements.withLock { $0 } == 1)
        }
    }

    @Test("a step in a transaction and what it writes are committed together, once")
    func transactional() async throws {
        try await run { context in
            _ = try await context.pool.query("create table if not exists booking (task bigint)")
            let count = try await context.stepInTransaction("book") { connection in
                _ = try await connection.query("insert into booking values ($1)", [context.task.id])
                return try await connection.query("select count(*) from booking").rows[0].int64(0)
            }
            do {
                let _: Int = try await context.stepInTransaction("fails") { connection in
                    _ = try await connection.query("insert into booking values (0)")
                    throw TaskFailure("no")
                }
            } catch is TaskFailure {}
            if context.task.attempt < 3 { throw RetryAfter(.zero, "again") }
            return try .output(count)
        } check: { pool, manager, id in
            let output = try await manager.output(of: id)?.text
            #expect(output == "1")
            let rows = try await pool.query("select count(*) from booking").rows[0].int64(0)
            #expect(rows == 1)
        }
    }

    @Test("two executions of one attempt write a transactional step once")
    func overtaken() async throws {
        try await run { context in
            _ = try await context.pool.query("create table if not exists booking (task bigint)")
            let value = try await context.stepInTransaction("book") { connection in
                // Meanwhile the other execution, to which the task had been given, was faster.
                _ = try await context.pool.query(
                    "select agentcorp.step_put($1, 1, 'book', '[\"theirs\"]')", [context.task.id])
                _ = try await connection.query("insert into booking values ($1)", [context.task.id])
                return "ours"
            }
            return try .output(value)
        } check: { pool, manager, id in
            let output = try await manager.output(of: id)?.text
            #expect(output == "\"theirs\"")
            let rows = try await pool.query("select count(*) from booking").rows[0].int64(0)
            #expect(rows == 0)
        }
    }

    @Test("steps of a process that was killed are replayed by the next worker")
    func killed() async throws {
        let dsn = TestDatabase.current.dsn
        try await TestDatabase.current.psql("select agentcorp.enqueue('stepped')")
        let doomed = try TestProcess.start(
            "psql", ["-X", "-q", "-A", "-t", "-d", dsn, "-f", "-"],
            input: """
                select worker from agentcorp.register_worker('doomed', 1, '1', '{default}', '{stepped}', 1) \\gset
                select * from agentcorp.claim(:worker);
                select agentcorp.step_put(1, 1, 'first', '["of the dead"]');
                select pg_sleep(600);
                """)
        try await waitUntil("the step") {
            try await TestDatabase.current.psql("select count(*) from agentcorp.step") == "1"
        }
        doomed.kill()
        try await TestDatabase.current.psql(
            "update agentcorp.worker set beat_at = beat_at - interval '1 minute'; select * from agentcorp.rescue()")
        let computed = Mutex<[String]>([])
        try await withWorker { handlers in
            handlers.register("stepped") { context in
                let first = try await context.step("first") {
                    computed.withLock { $0.append("first") }
                    return "anew"
                }
                let second = try await context.step("second") {
                    computed.withLock { $0.append("second") }
                    return "of the living"
                }
                return try .output([first, second])
            }
        } _: { _, manager in
            let end = try await manager.end(of: 1)
            #expect(end == "completed")
            let output = try await manager.output(of: 1)
            #expect(output?.text == #"["of the dead", "of the living"]"#)
        }
        #expect(computed.withLock { $0 } == ["second"])
    }

    @Test("a fork runs with the steps before the one it begins with, and computes the later ones")
    func fork() async throws {
        struct Input: Codable { var word = "" }
        let computed = Mutex<[String]>([])
        try await withWorker { handlers in
            handlers.register("sub") { _ in .completed(PostgresJSON("5")) }
            handlers.register("three") { context in
                let word = try context.decode(Input.self).word
                func compute(_ name: String) async throws -> String {
                    try await context.step(name) {
                        computed.withLock { $0.append("\(name) \(word)") }
                        return "\(name) \(word)"
                    }
                }
                let first = try await compute("one")
                if try await context.children().isEmpty {
                    return try await context.decomposeTask(into: PostgresJSON(#"[{"kind": "sub"}]"#))
                }
                let outputs = try await context.children().compactMap(\.output)
                return try .output([first, "\(outputs.count)", try await compute("two"), try await compute("three")])
            }
        } _: { pool, manager in
            func finish(_ id: Int64) async throws -> String? {
                try await waitUntil("task \(id) to complete") {
                    _ = try await pool.query("select agentcorp.resolve_ends(0::smallint)")
                    return try await manager.state(id) == "completed"
                }
                let output = try await manager.output(of: id)
                return output?.text
            }
            let id = try await manager.enqueue(try TaskRequest("three", args: Input(word: "a")))
            #expect(try await finish(id) == #"["one a", "1", "two a", "three a"]"#)
            computed.withLock { $0 = [] }
            let late = try await manager.fork(id, at: "three", args: PostgresJSON(#"{"word": "b"}"#))
            #expect(try await finish(late) == #"["one a", "1", "two a", "three b"]"#)
            #expect(computed.withLock { $0 } == ["three b"])
            let early = try await manager.fork(id, at: "subtasks", args: PostgresJSON(#"{"word": "c"}"#))
            #expect(try await finish(early) == #"["one a", "1", "two c", "three c"]"#)
            #expect(try await manager.steps(of: early).map(\.attempt) == [0, 1, 2, 2])
        }
    }
}
