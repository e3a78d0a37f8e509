import AgentCorpTesting
import FoundationEssentials
import Postgres
import Queue
import Testing
import Worker

@Suite
struct TestQueueTests {
    private struct Flaky: Error {}

    @Test("what was enqueued is found by kind, queue, tag and state, with its arguments")
    func enqueued() async throws {
        try await TestQueue.withQueue { queue in
            var request = TaskRequest("a", args: PostgresJSON(#"{"n": 1}"#))
            request.tags = ["red"]
            request.name = "first"
            request.priority = 2
            try await queue.manager.enqueue(request)
            try await queue.manager.createQueue("other")
            var other = TaskRequest("b")
            other.queue = "other"
            other.runAt = try await queue.clock.now() + 60
            try await queue.manager.enqueue(other)
            #expect(try await queue.enqueued().map(\.kind) == ["a", "b"])
            #expect(try await queue.enqueued(kind: "a").first?.args == ["n": 1])
            #expect(try await queue.enqueued(queue: "other").map(\.kind) == ["b"])
            #expect(try await queue.enqueued(tag: "red").map(\.name) == ["first"])
            #expect(try await queue.enqueued(state: .scheduled).map(\.kind) == ["b"])
            #expect(try await queue.enqueued(tag: "blue").isEmpty)
        }
    }

    @Test("a drain runs retries, snoozes and back-offs only as time passes")
    func time() async throws {
        try await TestQueue.withQueue { queue in
            queue.handlers.register("flaky") { context in
                if context.task.attempt == 1 { throw Flaky() }
                return context.task.attempt == 2 ? .snooze(.seconds(3600)) : try .output(context.task.attempt)
            }
            var request = TaskRequest("flaky")
            request.backoff = "fixed 10s jitter 0"
            let first = try await queue.run(request)
            #expect(first.state == .scheduled)
            #expect(first.error?.message == "Flaky()")
            #expect(try await queue.drain().outcomes.isEmpty)
            try await queue.clock.advance(by: .seconds(11))
            #expect(try await queue.drain().snoozed == 1)
            try await queue.clock.advance(by: .seconds(3601))
            #expect(try await queue.drain().completed == 1)
            #expect(try await queue.outcome(of: 1).decode(Int.self) == 3)
        }
    }

    @Test("a drain goes through trees, and through queues that a handler creates meanwhile")
    func trees() async throws {
        try await TestQueue.withQueue { queue in
            queue.handlers.register("leaf") { _ in try .output(1) }
            queue.handlers.register("root") { context in
                let children = try await context.children()
                if !children.isEmpty { return try .output(children.count) }
                try await context.manager.createQueue("later")
                return try await context.decomposeTask(
                    into: PostgresJSON(#"[{"kind": "leaf"}, {"kind": "leaf", "queue": "later"}]"#))
            }
            let outcome = try await queue.run(TaskRequest("root"))
            #expect(outcome.state == .completed)
            #expect(outcome.output == 2)
            let summary = try await queue.drain()
            #expect(summary.completed == 0)
        }
    }

    @Test("a drain runs one task of a queue after the other, in their order")
    func order() async throws {
        try await TestQueue.withQueue { queue in
            let (names, log) = AsyncStream.makeStream(of: String.self)
            queue.handlers.register("a") { context in
                log.yield("begin \(context.task.id)")
                await Task.yield()
                log.yield("end \(context.task.id)")
                return .completed(nil)
            }
            try await queue.manager.enqueueMany(PostgresJSON(#"[{"kind": "a"}, {"kind": "a"}, {"kind": "a"}]"#))
            #expect(try await queue.drain().completed == 3)
            log.finish()
            let all = await names.reduce(into: [String]()) { $0.append($1) }
            #expect(all == (1...3).flatMap { ["begin \($0)", "end \($0)"] })
        }
    }

    @Test("a kind without a handler is named, and a paused queue is left alone")
    func leftovers() async throws {
        try await TestQueue.withQueue { queue in
            try await queue.manager.enqueue(TaskRequest("unknown"))
            try await queue.manager.createQueue("paused")
            try await queue.manager.pauseQueue("paused")
            var paused = TaskRequest("a")
            paused.queue = "paused"
            try await queue.manager.enqueue(paused)
            let summary = try await queue.drain()
            #expect(summary.unhandledKinds == ["unknown"])
            #expect(summary.outcomes.isEmpty)
            #expect(try await queue.enqueued(state: .ready).map(\.kind) == ["a"])
        }
    }

    @Test("a drain that does not come to rest says which task is in the way")
    func endless() async throws {
        try await TestQueue.withQueue { queue in
            queue.handlers.register("endless") { _ in
                let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
                for await _ in stream {}
                withExtendedLifetime(continuation) {}
                throw CancellationError()
            }
            try await queue.manager.enqueue(TaskRequest("endless"))
            let error = await #expect(throws: TestingError.self) {
                try await queue.drain(timeout: .seconds(3))
            }
            #expect(error?.description.contains("task 1 (endless) is running") == true)
        }
    }

    @Test("time jumps for every session, and runs on")
    func clock() async throws {
        try await TestQueue.withQueue { queue in
            let moment = Date(timeIntervalSince1970: 4_000_000_000)
            try await queue.clock.set(to: moment)
            let connection = try await PostgresConnection.connect(PostgresConfiguration(dsn: queue.dsn))
            let result = try await connection.query(
                "select agentcorp.clock() between to_timestamp(4000000000) and to_timestamp(4000000060)")
            #expect(try result.rows[0].bool(0))
            await connection.close()
            try await queue.clock.advance(by: .seconds(3600))
            let now = try await queue.clock.now()
            #expect(now >= moment + 3600 && now < moment + 3660)
        }
    }
}
