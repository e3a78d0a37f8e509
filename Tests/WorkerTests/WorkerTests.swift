import Postgres
import Queue
import Synchronization
import TestSupport
import Testing
import Worker

@Suite
struct WorkerTests {
    @Test("a task runs, and its output is there", .migratedDatabase)
    func runs() async throws {
        struct Numbers: Codable { let a: Int, b: Int }
        try await withWorker { handlers in
            handlers.register("add") { (_: TaskContext, input: Numbers) in input.a + input.b }
        } _: { _, manager in
            let id = try await manager.enqueue(try TaskRequest("add", args: Numbers(a: 2, b: 3)))
            #expect(try await manager.end(of: id) == "completed")
            #expect(try await manager.output(of: id)?.text == "5")
        }
    }

    @Test("ten thousand tasks run once each, and no claim is left", .migratedDatabase)
    func many() async throws {
        let runs = Mutex<[Int64: Int]>([:])
        try await withWorker(lanes: [.init("default", concurrency: 50)]) { handlers in
            handlers.register("count") { context in
                runs.withLock { $0[context.task.id, default: 0] += 1 }
                return .completed(nil)
            }
        } _: { pool, manager in
            let ids = try await manager.enqueueBulk("count", args: Array(repeating: PostgresJSON("{}"), count: 10_000))
            #expect(ids.count == 10_000)
            try await waitUntil("all to complete") {
                try await pool.query("select count(*) from agentcorp.attempt where outcome = 1").rows[0].int64(0)
                    == 10_000
            }
            #expect(runs.withLock { $0.count } == 10_000)
            #expect(runs.withLock { $0.values.allSatisfy { $0 == 1 } })
            try await waitUntil("claims to close") {
                try await pool.query("select count(*) from agentcorp.claim").rows[0].int64(0) == 0
            }
        }
    }

    @Test("a task that fails is retried until it succeeds, and its errors stay in the history", .migratedDatabase)
    func retries() async throws {
        try await withWorker { handlers in
            handlers.register("flaky") { context in
                if context.task.attempt < 3 { throw RetryAfter(.zero, "not yet \(context.task.attempt)") }
                return .completed(nil)
            }
        } _: { pool, manager in
            let id = try await manager.enqueue(TaskRequest("flaky"))
            try await waitUntil("three attempts") {
                _ = try await pool.query("select agentcorp.promote(0::smallint)")
                return try await manager.state(id) == "completed"
            }
            let messages = try await pool.query(
                "select error ->> 'message' from agentcorp.attempt where task_id = $1 order by attempt", [id])
            #expect(try messages.rows.map { row throws in try row.stringOrNil(0) } == ["not yet 1", "not yet 2", nil])
        }
    }

    @Test("a permanent failure is not retried", .migratedDatabase)
    func permanent() async throws {
        try await withWorker { handlers in
            handlers.register("bad") { _ in throw PermanentFailure("no way", reason: "bad") }
        } _: { _, manager in
            let id = try await manager.enqueue(TaskRequest("bad"))
            #expect(try await manager.end(of: id) == "failed")
            #expect(try await manager.describe(id)["error"]?["message"]?.string == "no way")
        }
    }

    @Test("arguments that do not fit fail the task and say what is missing", .migratedDatabase)
    func arguments() async throws {
        struct Input: Codable { let path: String }
        try await withWorker { handlers in
            handlers.register("typed") { (_: TaskContext, input: Input) in input.path }
        } _: { _, manager in
            let id = try await manager.enqueue(TaskRequest("typed", args: PostgresJSON(#"{"pth": 1}"#)))
            #expect(try await manager.end(of: id) == "failed")
            #expect(
                try await manager.describe(id)["error"]?["message"]?.string?.contains("\"path\" is missing") == true)
        }
    }

    @Test("a timeout cancels the handler and counts as a failure", .migratedDatabase)
    func timeout() async throws {
        try await withWorker { handlers in
            handlers.register("slow") { _ in
                try await untilCancelled()
            }
        } _: { _, manager in
            var task = TaskRequest("slow")
            task.timeout = .milliseconds(50)
            task.maxAttempts = 1
            let id = try await manager.enqueue(task)
            #expect(try await manager.end(of: id) == "failed")
            #expect(try await manager.describe(id)["error"]?["reason"]?.string == "timeout")
        }
    }

    @Test("cancelling a running task stops its handler through the heartbeat", .migratedDatabase)
    func cancel() async throws {
        let started = Mutex(false)
        let cancelled = Mutex(false)
        try await withWorker { handlers in
            handlers.register("slow") { _ in
                started.withLock { $0 = true }
                do {
                    try await untilCancelled()
                } catch {
                    cancelled.withLock { $0 = true }
                    throw error
                }
            }
        } _: { pool, manager in
            let id = try await manager.enqueue(TaskRequest("slow"))
            try await waitUntil("the handler to start") { started.withLock { $0 } }
            #expect(try await manager.cancel(id) == 1)
            try await waitUntil("the handler to be told") { cancelled.withLock { $0 } }
            #expect(try await manager.state(id) == "cancelled")
            try await waitUntil("the claim to close") {
                try await pool.query("select count(*) from agentcorp.claim").rows[0].int64(0) == 0
            }
        }
    }

    @Test("a task without a handler goes back, burns no attempt, and comes later", .migratedDatabase)
    func unknownKind() async throws {
        try await withWorker(register: { _ in }) { _, manager in
            let id = try await manager.enqueue(TaskRequest("nobody-knows"))
            try await waitUntil("it to be put off") { try await manager.state(id) == "scheduled" }
            #expect(try await manager.describe(id)["attempt"] == 1)
        }
    }

    @Test("a step is computed once, whatever attempt asks for it", .migratedDatabase)
    func steps() async throws {
        let computed = Mutex(0)
        try await withWorker { handlers in
            handlers.register("stepped") { context in
                let value = try await context.step("draw") { () -> Int in
                    computed.withLock {
                        $0 += 1
                        return $0
                    }
                }
                if context.task.attempt == 1 { throw RetryAfter(.zero, "after the step") }
                return try .output(value)
            }
        } _: { pool, manager in
            let id = try await manager.enqueue(TaskRequest("stepped"))
            try await waitUntil("the second attempt") {
                _ = try await pool.query("select agentcorp.promote(0::smallint)")
                return try await manager.state(id) == "completed"
            }
            #expect(computed.withLock { $0 } == 1)
            #expect(try await manager.output(of: id)?.text == "1")
        }
    }

    @Test("a parent leaves the worker while its subtasks run, and resumes with their outputs", .migratedDatabase)
    func subtasks() async throws {
        try await withWorker(lanes: [.init("default", concurrency: 1)]) { handlers in
            handlers.register("square") { (_: TaskContext, n: Int) in n * n }
            handlers.register("sum") { context in
                let children = try await context.children()
                guard !children.isEmpty else {
                    return try await context.decomposeTask(
                        into: PostgresJSON(#"[{"kind":"square","args":3},{"kind":"square","args":4}]"#))
                }
                let outputs = children.compactMap { if case .integer(let n) = $0.output { n } else { nil } }
                return try .output(outputs.reduce(0, +))
            }
        } _: { pool, manager in
            let id = try await manager.enqueue(TaskRequest("sum"))
            try await waitUntil("the sum") {
                _ = try await pool.query("select agentcorp.resolve_ends(0::smallint)")
                return try await manager.state(id) == "completed"
            }
            #expect(try await manager.output(of: id)?.text == "25")
            #expect(try await manager.describe(id)["attempt"] == 2)
        }
    }

    @Test("a handler can end its task in its own transaction, once", .migratedDatabase)
    func transactional() async throws {
        try await withWorker { handlers in
            handlers.register("book") { context in
                try await context.completeInTransaction { connection in
                    _ = try await connection.query("insert into booking values ($1)", [context.task.id])
                    return PostgresJSON("\"booked\"")
                }
            }
        } _: { pool, manager in
            _ = try await pool.query("create table booking (task bigint)")
            let id = try await manager.enqueue(TaskRequest("book"))
            #expect(try await manager.end(of: id) == "completed")
            #expect(try await manager.output(of: id)?.text == "\"booked\"")
            #expect(try await pool.query("select count(*) from booking").rows[0].int64(0) == 1)
        }
    }

    @Test("a shutdown gives unstarted and unfinished tasks back without burning an attempt", .migratedDatabase)
    func shutdown() async throws {
        let started = Mutex(0)
        try await withWorker(lanes: [.init("default", concurrency: 2)]) { handlers in
            handlers.register("slow") { _ in
                started.withLock { $0 += 1 }
                try await untilCancelled()
            }
        } configure: {
            $0.shutdownGrace = .milliseconds(50)
        } _: { _, manager in
            for _ in 0..<5 { try await manager.enqueue(TaskRequest("slow")) }
            try await waitUntil("two to start") { started.withLock { $0 } == 2 }
        }
        let left = try await TestDatabase.current.psql(
            """
            select (select count(*) from agentcorp.ready where attempt = 1), (select count(*) from agentcorp.claim),
                (select count(*) from agentcorp.attempt), (select count(*) from agentcorp.worker where stopped_at is null)
            """)
        #expect(left == "5|0|0|0")
    }

    @Test("an output that is not JSON fails its own task, not its neighbours", .migratedDatabase)
    func badOutput() async throws {
        try await withWorker { handlers in
            handlers.register("garbage") { _ in .completed(PostgresJSON("{nonsense")) }
        } _: { _, manager in
            let bad = try await manager.enqueue(TaskRequest("garbage"))
            let good = try await manager.enqueue(TaskRequest("noop"))
            #expect(try await manager.end(of: bad) == "failed")
            #expect(try await manager.end(of: good) == "completed")
        }
    }

    @Test("a worker that was declared dead drops its tasks and registers again", .migratedDatabase)
    func declaredDead() async throws {
        let starts = Mutex(0)
        try await withWorker { handlers in
            handlers.register("once") { context in
                starts.withLock { $0 += 1 }
                if context.task.attempt == 1 { try await untilCancelled() }
                return .completed(nil)
            }
        } _: { pool, manager in
            let id = try await manager.enqueue(TaskRequest("once"))
            try await waitUntil("the first start") { starts.withLock { $0 } == 1 }
            _ = try await pool.query("select * from agentcorp.rescue(interval '0')")
            #expect(try await manager.end(of: id) == "completed")
            #expect(try await manager.describe(id)["attempt"] == 2)
            // It learns of its death with its next beat, which may be later.
            try await waitUntil("it to register again") { try await manager.workers().count == 1 }
            #expect(try await manager.workers(includingStopped: true).map(\.state).sorted() == ["alive", "lost"])
        }
    }

    @Test("what was claimed in a call whose answer was lost goes back, and runs", .checkedDatabase)
    func lostAnswer() async throws {
        let mayEnd = Mutex(false)
        try await withWorker { handlers in
            handlers.register("patient") { _ in
                try await waitUntil("leave to end") { mayEnd.withLock { $0 } }
                return .completed(nil)
            }
        } _: { pool, manager in
            let patient = try await manager.enqueue(TaskRequest("patient"))
            try await waitUntil("it to run") { try await manager.state(patient) == "running" }
            // In the worker's name, and without its knowledge.
            try await pool.withConnection { connection in
                try await connection.script(
                    """
                    begin;
                    select agentcorp.enqueue('noop');
                    select c.* from agentcorp.worker w cross join agentcorp.claim(w.id) c;
                    commit
                    """)
            }
            #expect(try await manager.end(of: patient + 1) == "completed")
            #expect(try await manager.describe(patient + 1)["attempt"] == 1)
            // What it knows to hold is left alone.
            #expect(try await manager.state(patient) == "running")
            mayEnd.withLock { $0 = true }
            #expect(try await manager.end(of: patient) == "completed")
            #expect(try await manager.describe(patient)["attempt"] == 1)
        }
    }

    @Test("two lanes for one queue are refused", .migratedDatabase)
    func twoLanes() async throws {
        let error = await #expect(throws: QueueError.self) {
            try await withWorker(lanes: [.init("default", concurrency: 1), .init("default", concurrency: 2)]) { _, _ in
            }
        }
        #expect(error?.code == .invalidValue)
    }

    @Test("an outage of the database is waited out, and the results are recorded after it", .migratedDatabase)
    func outage() async throws {
        let started = Mutex(false)
        let mayEnd = Mutex(false)
        try await withWorker { handlers in
            handlers.register("patient") { _ in
                started.withLock { $0 = true }
                try await waitUntil("leave to end") { mayEnd.withLock { $0 } }
                return .completed(nil)
            }
        } _: { pool, manager in
            let id = try await manager.enqueue(TaskRequest("patient"))
            try await waitUntil("the handler to start") { started.withLock { $0 } }
            try await TestDatabase.current.psql(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
            )
            mayEnd.withLock { $0 = true }
            try await waitUntil("the result") { (try? await manager.state(id)) == "completed" }
        }
    }
}
