import Agents
import Postgres
import Queue
import TestSupport
import Testing

@Suite(.checkedDatabase)
struct MemoryTests {
    private func with(_ body: (PostgresConnection) async throws -> Void) async throws {
        try await body(try await PostgresConnection.connect(PostgresConfiguration(dsn: TestDatabase.current.dsn)))
    }

    @Test("what is set is got, with its version; who expected another one learns what is there")
    func compareAndSet() async throws {
        try await with { connection in
            let memory = Memory(connection, .agent, of: "ann")
            #expect(try await memory.get("plan") == nil)
            #expect(try await memory.set("plan", ["next": "read"], expecting: 0).version == 1)
            let late = try await memory.set("plan", "other", expecting: 0)
            #expect(!late.isWritten && late.version == 1 && late.value == ["next": "read"])
            try await memory.set("plan", .null, expecting: 1)
            let entry = try #require(try await memory.get("plan"))
            #expect(
                entry.value == .null && entry.version == 2 && entry.merge == .set && entry.scope == .agent
                    && entry.owner == "ann")
            #expect(try await memory.delete("plan", expecting: 1) == false)
            #expect(try await memory.delete("plan"))
            #expect(try await memory.get("plan") == nil)
            let history = try await memory.history("plan")
            #expect(history.map(\.version) == [3, 2, 1] && history.map(\.isDeleted) == [true, false, false])
            #expect(history[2].change == ["next": "read"])
        }
    }

    @Test("values are written by the rule of their key")
    func rules() async throws {
        try await with { connection in
            let memory = Memory(connection, .global)
            try await memory.append("notes", "a")
            #expect(try await memory.append("notes", ["b"], writeKey: "1").value == ["a", ["b"]])
            #expect(try await memory.append("notes", ["b"], writeKey: "1").value == ["a", ["b"]])
            try await memory.declare("visits", .counter)
            try await memory.write("visits", 2)
            #expect(try await memory.write("visits", 3).value == 5)
            #expect(try await memory.write("tags", ["x", "y", "x"], by: .union).value == ["x", "y"])
            #expect(try await memory.write("best", 3, by: .max).value == 3)
            let refusal = await #expect(throws: QueueError.self) { try await memory.set("visits", 1) }
            #expect(refusal?.code == .wrongState)
            #expect(try await memory.list(prefix: "n").map(\.key) == ["notes"])
            #expect(try await memory.list(after: "notes", limit: 1).map(\.key) == ["tags"])
            #expect(try await memory.search("y or b").map(\.key).sorted() == ["notes", "tags"])
            #expect(try await memory.search("y").first?.excerpt.contains("**y**") == true)
        }
    }

    @Test("a task uses its own memories without naming them, and no others")
    func own() async throws {
        try await with { connection in
            let manager = TaskManager(connection)
            let root = try await manager.enqueue(TaskRequest("a"))
            let task = try await manager.addSubtask(TaskRequest("b"), to: root)
            let memory = Memory(connection, .run, as: task)
            try await memory.set("k", 1)
            let entry = try #require(try await Memory(connection, .run, of: "\(root)").get("k"))
            #expect(entry.author == task && entry.owner == "\(root)")
            let other = try await manager.enqueue(TaskRequest("a"))
            let error = await #expect(throws: PostgresError.self) {
                try await Memory(connection, .run, of: "\(root)", as: other).get("k")
            }
            #expect(error?.sqlState == "42501")
        }
    }

    @Test("who watches sees what is written after that, once, and as it is then")
    func watch() async throws {
        try await with { connection in
            let memory = Memory(connection, .user, of: "eve")
            try await memory.set("before", 1)
            var changes = try await memory.watch().makeAsyncIterator()
            try await memory.set("a", 1)
            try await memory.set("a", 2)
            try await memory.delete("before")
            let first = try #require(try await changes.next())
            #expect(first.key == "a" && first.version == 2 && first.value == 2 && !first.isDeleted)
            let second = try #require(try await changes.next())
            #expect(second.key == "before" && second.version == 2 && second.isDeleted)
            var one = try await memory.watch("b").makeAsyncIterator()
            try await memory.set("a", 3)
            try await memory.set("b", 1)
            #expect(try await one.next()?.key == "b")
            #expect(try await changes.next()?.version == 3)
            #expect(try await changes.next()?.key == "b")
        }
    }

    @Test("watching ends when the task that watches is cancelled")
    func cancelled() async throws {
        try await with { connection in
            let changes = try await Memory(connection, .global).watch()
            let watcher = Task { for try await _ in changes {} }
            watcher.cancel()
            await #expect(throws: (any Error).self) { try await watcher.value }
        }
    }
}
