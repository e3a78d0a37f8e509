import Postgres
import Queue
import TestSupport
import Testing

@Suite(.checkedDatabase)
struct EventTests {
    private func withManager(_ body: (PostgresPool, TaskManager) async throws -> Void) async throws {
        try await TestDatabase.current.withPool { try await body($0, TaskManager($0)) }
    }

    @Test("events arrive as they were emitted, and are listed and followed")
    func events() async throws {
        try await withManager { pool, manager in
            let start = try await manager.followEvents()
            #expect(start.events.isEmpty)
            try await manager.emitEvent("a.x", data: ["n": 9_007_199_254_740_993], key: "k")
            try await manager.emitEvent("a.y", data: PostgresJSON("[1, null]"))
            let events = try await manager.events()
            #expect(events.map(\.topic) == ["a.y", "a.x"])
            #expect(try events[1].decode([String: Int64].self) == ["n": 9_007_199_254_740_993])
            #expect(try events[0].decode([Int?].self) == [1, nil])
            try await manager.emitEvent("b", data: "text")
            #expect(try await manager.events().first?.decode(String.self) == "text")
            var filter = EventFilter()
            filter.pattern = "a.*"
            filter.key = "k"
            #expect(try await manager.events(filter) == [events[1]])
            let page = try await manager.followEvents(since: start.reached, pattern: "a.**")
            #expect(page.events == events.reversed())
            #expect(try await manager.followEvents(since: page.reached).events.isEmpty)
            // In a transaction that is rolled back nothing is emitted.
            struct Regret: Error {}
            await #expect(throws: Regret.self) {
                try await pool.transaction { connection in
                    try await TaskManager(connection).emitEvent("never")
                    throw Regret()
                }
            }
            #expect(try await manager.events().count == 3)
        }
    }

    @Test("all that a subscription takes of a task arrives")
    func subscriptions() async throws {
        try await withManager { _, manager in
            try await manager.createQueue("mail")
            var request = TaskRequest("mail", args: PostgresJSON(#"{"to": "x"}"#))
            request.queue = "mail"
            request.priority = 2
            request.maxAttempts = 3
            request.timeout = .milliseconds(1500)
            request.backoff = "fixed 5s"
            request.tags = ["a"]
            request.name = "receipt"
            try await manager.subscribe("s", to: "orders.#", request)
            let subscription = try #require(try await manager.subscriptions().first)
            #expect(subscription.pattern == "orders.**" && subscription.enabled && subscription.failures == 0)
            try await manager.emitEvent("orders.paid", key: "42")
            let task = try #require(try await manager.tasks().first)
            #expect(task.queue == "mail" && task.priority == 2 && task.maxAttempts == 3)
            #expect(task.tags == ["a"] && task.name == "receipt")
            let all = try await manager.describe(task.id)
            #expect(all["policy"]?["timeout_ms"] == 1500)
            #expect(all["args"]?["to"] == "x")
            #expect(all["args"]?["event"]?["key"] == "42")
            #expect(try await manager.unsubscribe("s"))
            #expect(try await !manager.unsubscribe("s"))
        }
    }

    @Test("a refused event is a typed error")
    func refused() async throws {
        try await withManager { _, manager in
            let error = await #expect(throws: QueueError.self) { try await manager.emitEvent("no topic") }
            #expect(error?.code == .invalidValue)
        }
    }
}
