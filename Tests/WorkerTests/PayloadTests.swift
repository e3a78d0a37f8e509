import Postgres
import Queue
import Synchronization
import TestSupport
import Testing
import Worker

/// Payloads over 256 KiB, from end to end.
@Suite
struct PayloadTests {
    private static func letters(_ count: Int, _ letter: Character = "y") -> PostgresJSON {
        PostgresJSON("\"\(String(repeating: letter, count: count))\"")
    }

    @Test("20 MB go in as arguments, through a step, and out again", .checkedDatabase)
    func large() async throws {
        let large = Self.letters(20_000_000)
        let seen = Mutex<[Int]>([])
        try await withWorker { handlers in
            handlers.register("echo") { context in
                seen.withLock { $0.append(context.task.args.count) }
                let text = try await context.step("text") { try context.decode(String.self) }
                return try .output(text)
            }
            handlers.register("sum") { context in
                .completed(PostgresJSON("\(try await context.needs()[0].output?.string?.utf8.count ?? 0)"))
            }
        } _: { _, manager in
            let task = try await manager.enqueue(TaskRequest("echo", args: large))
            var request = TaskRequest("sum")
            request.needs = [task]
            let sum = try await manager.enqueue(request)
            try await waitUntil("the sum") { try await manager.state(sum) == "completed" }
            #expect(seen.withLock { $0 } == [20_000_002])
            #expect(try await manager.output(of: task) == large)
            #expect(try await manager.output(of: sum)?.text == "20000000")
        }
        // The text as arguments and as the output, and in the array of the step.
        #expect(try await TestDatabase.current.psql("select count(*) from agentcorp.blob") == "2")
    }

    @Test("while a large output is stored, the others of the lane end", .migratedDatabase)
    func noStall() async throws {
        let large = Self.letters(1 << 20)
        try await withWorker { handlers in
            handlers.register("large") { _ in .completed(large) }
        } _: { pool, manager in
            // Whoever stores this content waits for the one who is about to store it.
            try await pool.withConnection { connection in
                _ = try await connection.query("begin")
                _ = try await connection.query(
                    "select agentcorp.put_blob(0::smallint, 0, 'x', $1)", [large])
                let slow = try await manager.enqueue(TaskRequest("large"))
                for _ in 0..<20 {
                    #expect(try await manager.end(of: try await manager.enqueue(TaskRequest("noop"))) == "completed")
                }
                #expect(try await manager.state(slow) == "running")
                _ = try await connection.query("rollback")
                #expect(try await manager.end(of: slow) == "completed")
                #expect(try await manager.output(of: slow) == large)
            }
        }
    }

    @Test("an output over the limit fails the task for good, and says how large it was", .checkedDatabase)
    func overLimit() async throws {
        let database = TestDatabase.current
        try await database.psql("alter database \"\(database.name)\" set agentcorp.max_payload = '1 MB'")
        try await withWorker { handlers in
            handlers.register("large") { _ in .completed(Self.letters(2 << 20)) }
            handlers.register("reserved") { _ in .completed(PostgresJSON("{\"$blob\": {\"sha256\": \"00\"}}")) }
        } _: { _, manager in
            for (kind, words) in [("large", "2.0 MiB; the limit is 1.0 MiB"), ("reserved", "reserved key")] {
                let task = try await manager.enqueue(TaskRequest(kind))
                #expect(try await manager.end(of: task) == "failed")
                let error = try await manager.describe(task)["error"]
                #expect(error?["message"]?.string?.contains(words) == true, "\(String(describing: error))")
                #expect(error?["reason"]?.string == "output")
            }
        }
    }

    @Test("a bulk load takes large arguments too, and no reference that somebody made up", .checkedDatabase)
    func bulk() async throws {
        try await TestDatabase.current.withPool { pool in
            let manager = TaskManager(pool)
            let large = Self.letters(300_000)
            let ids = try await manager.enqueueBulk(
                "noop", args: [PostgresJSON("{}"), large, PostgresJSON("{\"$set\": \"\\u0024\"}"), large])
            let lengths = try await pool.query(
                "select length(agentcorp.args_of(i)::text), length(t.args::text) from unnest($1) i join agentcorp.task t on t.id = i order by i",
                [ids])
            #expect(try lengths.rows.map { row throws in try row.int32(0) } == [2, 300_002, 13, 300_002])
            #expect(try lengths.rows.allSatisfy { row throws in try row.int32(1) < 400 })
            for forged in ["{\"$blob\": {}}", "{\"\\u0024blob\": {}}"] {
                await #expect {
                    try await manager.enqueueBulk("noop", args: [PostgresJSON(forged)])
                } throws: { error in
                    (error as? QueueError)?.code == .invalidValue
                }
            }
        }
    }

    @Test("a task whose arguments are gone fails for good, and says so", .migratedDatabase)
    func missing() async throws {
        try await withWorker { _ in
        } _: { pool, manager in
            let task = try await pool.transaction { connection in
                let task = try await TaskManager(connection).enqueue(
                    TaskRequest("noop", args: Self.letters(300_000)))
                _ = try await connection.query("delete from agentcorp.blob")
                return task
            }
            #expect(try await manager.end(of: task) == "failed")
            #expect(
                try await manager.describe(task)["error"]?["message"]?.string?.contains("is missing") == true)
        }
    }
}
