import Encryption
import Postgres
import Queue
import Synchronization
import TestSupport
import Testing
import Worker

/// Encrypted payloads, from end to end.
@Suite
struct EncryptionTests {
    private static let old = try! EncryptionKeys.generate(id: "old")
    private static let both = try! EncryptionKeys.generate(id: "new", before: old)

    private static func manager(_ manager: TaskManager, _ pool: PostgresPool, _ keys: EncryptionKeys) -> TaskManager {
        TaskManager(pool, cipher: AESGCMCipher(keys))
    }

    /// All that the database holds, as text.
    private static func dump() async throws -> String {
        try await TestDatabase.current.psql(
            """
            select query_to_xml(format('select * from agentcorp.%I', c.relname), true, true, '')
            from pg_class c where c.relnamespace = 'agentcorp'::regnamespace and c.relkind = 'r'
            """)
    }

    @Test(
        "arguments, steps and outputs are ciphertext in the database and plain to handlers; the rest can be queried",
        .checkedDatabase)
    func endToEnd() async throws {
        struct Secret: Codable { let secret: String }
        try await withWorker { handlers in
            handlers.register("parent") { context in
                let secret = try context.decode(Secret.self).secret
                // The second attempt has the step of the first, decrypted, and computes nothing.
                let step = try await context.step("compute") {
                    secret + (context.task.attempt == 1 ? "-step" : "-again")
                }
                if try await context.children().isEmpty {
                    return try await context.decomposeTask(
                        into: try JSONCoding.encode([["kind": JSONValue("child"), "args": ["secret": .string(step)]]]))
                }
                let outputs = try await context.children().compactMap(\.output?.string)
                return try .output(outputs + [step])
            }
            handlers.register("child") { (_: TaskContext, input: Secret) in input.secret + "-child" }
            handlers.register("transaction") { context in
                try await context.completeInTransaction { _ in PostgresJSON(context.task.args) }
            }
        } configure: { configuration in
            configuration.cipher = AESGCMCipher(Self.old)
        } _: { pool, plain in
            let manager = Self.manager(plain, pool, Self.old)
            var request = try TaskRequest("parent", args: Secret(secret: "canary"))
            request.tags = ["visible"]
            let task = try await manager.enqueue(request)
            #expect(try await manager.end(of: task) == "completed")
            #expect(try await manager.output(of: task)?.text == #"["canary-step-child","canary-step"]"#)
            #expect(try await manager.describe(task)["args"]?["secret"] == "canary")
            #expect(try await plain.describe(task)["args"]?["$enc"]?["k"] == "old")
            await #expect {
                try await plain.output(of: task)
            } throws: { error in
                (error as? QueueError)?.code == .missingKey && "\(error)".contains("\"old\"")
            }
            let tree = try await manager.enqueueTree(
                PostgresJSON(
                    #"""
                    {"kind": "noop", "\u0061rgs" : {"secret": "canary"}, "subtasks": [
                      {"kind": "child", "args":{"secret":"canary", "long": 0.12345678901234567890}, "name": "sub"}]}
                    """#))
            #expect(try await manager.end(of: tree) == "completed")
            let many = try await manager.enqueueMany(PostgresJSON(#"[{"kind":"transaction","args":["canary", 1.50]}]"#))
            #expect(try await manager.end(of: many[0]) == "completed")
            #expect(try await manager.output(of: many[0])?.text == #"["canary", 1.50]"#)
            let bulk = try await manager.enqueueBulk("child", args: [PostgresJSON(#"{"secret": "canary"}"#)])
            #expect(try await manager.end(of: bulk[0]) == "completed")

            var filter = TaskFilter()
            filter.tag = "visible"
            #expect(try await plain.tasks(filter).map(\.id) == [task])
            let dump = try await Self.dump()
            #expect(dump.contains("visible") && dump.contains("$enc"))
            for secret in ["canary", "Y2FuYXJ5"]
                + Self.old.fileText.split(whereSeparator: { ":\n".contains($0) }).dropFirst()
            {
                #expect(!dump.contains(secret))
            }
        }
    }

    @Test(
        "a worker without the key puts the task off unburned and says why; one with the key completes it",
        .checkedDatabase)
    func missingKey() async throws {
        func work(with keys: EncryptionKeys?, _ body: (PostgresPool, TaskManager) async throws -> Void) async throws {
            try await withWorker { handlers in
                handlers.register("echo") { context in .completed(PostgresJSON(context.task.args)) }
                handlers.register("needs") { context in
                    .completed(PostgresJSON("\(try await context.needs().count)"))
                }
            } configure: { configuration in
                configuration.unknownKindDelay = .seconds(3600)
                configuration.cipher = keys.map { AESGCMCipher($0) }
            } _: {
                try await body($0, $1)
            }
        }
        var tasks: [Int64] = []
        try await TestDatabase.current.withPool { pool in
            let sealing = TaskManager(pool, cipher: AESGCMCipher(Self.old))
            let needed = try await sealing.enqueue(TaskRequest("echo"))
            var request = TaskRequest("needs")
            request.needs = [needed]
            request.delay = .seconds(3600)
            tasks.append(try await TaskManager(pool).enqueue(request))
            try await work(with: Self.old) { _, manager in try await manager.end(of: needed) }
            tasks.append(try await sealing.enqueue(TaskRequest("echo")))
        }
        for (round, keys) in [nil, try EncryptionKeys.generate(id: "stranger"), Self.old].enumerated() {
            try await TestDatabase.current.psql(
                """
                set agentcorp.clock_offset = '\((round + 1) * 2) hours';
                select agentcorp.resolve_ends(0::smallint), agentcorp.promote(0::smallint)
                """)
            try await work(with: keys) { _, manager in
                for task in tasks {
                    let wanted = round == 2 ? "completed" : "scheduled"
                    try await waitUntil("task \(task) to be \(wanted)") { try await manager.state(task) == wanted }
                }
                let description = try await manager.describe(tasks[1])
                #expect(description["attempt"] == 1)
                #expect(description["progress"]?["message"]?.string?.contains("key \"old\"") == true)
            }
        }
    }

    @Test(
        "what was changed, exchanged, or sealed with another key of that name fails the task for good", .checkedDatabase
    )
    func tampered() async throws {
        try await withWorker { handlers in
            handlers.register("echo") { context in .completed(PostgresJSON(context.task.args)) }
            handlers.register("needs") { context in .completed(PostgresJSON("\(try await context.needs().count)")) }
        } configure: { configuration in
            configuration.cipher = AESGCMCipher(Self.old)
        } _: { pool, _ in
            let manager = TaskManager(pool, cipher: AESGCMCipher(Self.old))
            let impostor = TaskManager(pool, cipher: AESGCMCipher(try EncryptionKeys.generate(id: "old")))
            let wrong = try await impostor.enqueue(TaskRequest("echo", args: PostgresJSON("{}")))
            let changed = try await pool.transaction { connection in
                let task = try await TaskManager(connection, cipher: AESGCMCipher(Self.old)).enqueue(
                    TaskRequest("echo"))
                _ = try await connection.query(
                    """
                    update agentcorp.task set args = jsonb_set(args, '{$enc,c}',
                        to_jsonb(regexp_replace(args #>> '{$enc,c}', '^.', case when args #>> '{$enc,c}' like 'A%' then 'B' else 'A' end)))
                    where id = $1
                    """, [task])
                return task
            }
            let first = try await manager.enqueue(TaskRequest("echo"))
            #expect(try await manager.end(of: first) == "completed")
            var request = TaskRequest("needs")
            let exchanged = try await pool.transaction { connection in
                request.needs = [try await TaskManager(connection).enqueue(TaskRequest("noop"))]
                _ = try await connection.query(
                    "insert into agentcorp.output select $1, shard, result from agentcorp.output where task_id = $2",
                    [request.needs[0], first])
                return try await TaskManager(connection, cipher: AESGCMCipher(Self.old)).enqueue(request)
            }
            for task in [wrong, changed, exchanged] {
                #expect(try await manager.end(of: task) == "failed")
                let error = try await manager.describe(task)["error"]
                #expect(error?["reason"] == "decryption")
                #expect(error?["message"]?.string?.contains("does not open with the key \"old\"") == true)
            }
        }
    }

    @Test(
        "a user's own \"$enc\" is data inside a ciphertext, and malformed JSON is refused before it is sealed",
        .checkedDatabase)
    func ownEnvelope() async throws {
        try await TestDatabase.current.withPool { pool in
            let manager = TaskManager(pool, cipher: AESGCMCipher(Self.old))
            let forged = PostgresJSON(#"{"$enc": {"v": 1, "k": "old", "c": "AAAA"}}"#)
            let task = try await manager.enqueue(TaskRequest("a", args: forged))
            #expect(try await manager.describe(task)["args"]?["$enc"]?["c"] == "AAAA")
            for text in [
                "", "{", "{} x", "{\"a\": \"\\u0000\"}", "{\"a\": \"\\ud800\"}", "[01]", "{\"a\" 1}", "nul", "\"a\nb\"",
            ] {
                for call in 0...1 {
                    await #expect("\(text)") {
                        if call == 0 {
                            try await manager.enqueue(TaskRequest("a", args: PostgresJSON(text)))
                        } else {
                            try await manager.enqueueTree(PostgresJSON("{\"kind\": \"a\", \"args\": \(text)}"))
                        }
                    } throws: { error in
                        (error as? QueueError)?.code == .malformedJSON
                    }
                }
            }
        }
    }

    @Test("keys are rotated while tasks are added and run, and nothing becomes unreadable", .checkedDatabase)
    func rotation() async throws {
        let large = String(repeating: "x", count: 300_000)
        try await withWorker { handlers in
            handlers.register("echo") { context in
                let args = PostgresJSON(context.task.args)
                _ = try await context.step("half") { args.bytes.count }
                return .completed(args)
            }
        } configure: { configuration in
            configuration.cipher = AESGCMCipher(Self.both)
        } _: { pool, _ in
            let old = TaskManager(pool, cipher: AESGCMCipher(Self.old))
            let new = TaskManager(pool, cipher: AESGCMCipher(Self.both))
            func args(_ index: Int) -> PostgresJSON {
                PostgresJSON(index % 10 == 0 ? "\"\(index) \(large)\"" : "\"\(index)\"")
            }
            var ids: [Int64] = []
            for index in 0..<40 { ids.append(try await old.enqueue(TaskRequest("echo", args: args(index)))) }
            async let rotated = new.rotateKeys(batch: 7)
            for index in 40..<80 {
                ids.append(try await (index % 2 == 0 ? old : new).enqueue(TaskRequest("echo", args: args(index))))
            }
            #expect(try await rotated.unreadable == 0)
            for id in ids { #expect(try await new.end(of: id) == "completed") }
            // Whatever came in behind it.
            _ = try await new.rotateKeys()
            let usage = try await new.keyUsage().map { "\($0.key) \($0.args) \($0.outputs) \($0.steps)" }
            #expect(usage == ["new 80 80 80"])
            #expect(try await new.rotateKeys().encrypted == 0)
            for (index, id) in ids.enumerated() { #expect(try await new.output(of: id) == args(index)) }
            await #expect(throws: QueueError.self) { try await old.output(of: ids[0]) }
            // The blobs of the old key went with their last use.
            let blobs = try await pool.query("select count(*) from agentcorp.blob")
            #expect(try blobs.rows[0].int64(0) == 16)
        }
    }

    @Test("a rotation goes on where it was stopped, and counts what it cannot read", .checkedDatabase)
    func resumed() async throws {
        try await TestDatabase.current.withPool { pool in
            let old = TaskManager(pool, cipher: AESGCMCipher(Self.old))
            let stranger = TaskManager(pool, cipher: AESGCMCipher(try EncryptionKeys.generate(id: "stranger")))
            let new = TaskManager(pool, cipher: AESGCMCipher(Self.both))
            for _ in 0..<5 { try await old.enqueue(TaskRequest("a")) }
            try await stranger.enqueue(TaskRequest("a"))
            try await TaskManager(pool).enqueue(TaskRequest("a"))
            try await old.setSchedule(ScheduleRequest("daily", cron: "@daily", kind: "a", args: PostgresJSON("[1]")))
            let stopped = Task {
                try await new.rotateKeys(batch: 2) { _ in withUnsafeCurrentTask { $0?.cancel() } }
            }
            _ = try? await stopped.value
            let usage = try await new.keyUsage().map { "\($0.key) \($0.total)" }
            #expect(usage == ["new 2", "old 4", "stranger 1"])
            let rotation = try await new.rotateKeys(batch: 2)
            #expect(rotation.encrypted == 4 && rotation.unreadable == 1)
            let left = try await new.keyUsage().map { "\($0.key) \($0.total)" }
            #expect(left == ["new 6", "stranger 1"])
            let task = try await new.runSchedule("daily")
            #expect(try await new.describe(task)["args"] == [1])
        }
    }
}
