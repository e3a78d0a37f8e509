import Logging
import Postgres
import Queue
import Synchronization
import TestSupport
import Testing

@testable import Worker

struct LaneTests {
    @Test(
        "what a claim brings in after the lane was told to stop goes back unburned, and the lane ends",
        .migratedDatabase)
    func stoppedDuringClaim() async throws {
        try await TestDatabase.current.withPool(size: 4) { pool in
            let task = try await TaskManager(pool).enqueue(TaskRequest("noop"))
            let link = try await WorkerLink.register(
                pool, host: "test", pid: 1, version: "0", queues: ["default"], kinds: ["noop"], concurrency: 10)
            let identity = WorkerIdentity(link, queues: ["default"])
            let queue = try #require(identity.queueID(of: "default"))
            let batch = try await link.work(shard: 0, queue: queue, limit: 10, window: .everything, finished: [])
            #expect(batch.claimed.map(\.id) == [task])
            let lane = Lane(
                .init("default", concurrency: 10), handlers: HandlerRegistry(), configuration: WorkerConfiguration(),
                pool: pool, identity: identity, logger: Logger(label: "test"))

            lane.beginStop()
            lane.accept(batch.claimed)
            await lane.run(shards: [0])

            let description = try await TaskManager(pool).describe(task)
            #expect(description["state"] == "ready" && description["attempt"] == 1)
            #expect(try await pool.query("select count(*) from agentcorp.claim").rows[0].int64(0) == 0)
        }
    }

    @Test(
        "a handler that was told to stop takes the next task along neither into its cancellation nor into its slot",
        .migratedDatabase)
    func stoppedHandler() async throws {
        try await TestDatabase.current.withPool(size: 4) { pool in
            let manager = TaskManager(pool)
            let tasks = [
                try await manager.enqueue(TaskRequest("stops")), try await manager.enqueue(TaskRequest("follows")),
            ]
            let link = try await WorkerLink.register(
                pool, host: "test", pid: 1, version: "0", queues: ["default"], kinds: ["stops", "follows"],
                concurrency: 1)
            let identity = WorkerIdentity(link, queues: ["default"])
            let queue = try #require(identity.queueID(of: "default"))
            let batch = try await link.work(shard: 0, queue: queue, limit: 10, window: .everything, finished: [])
            #expect(batch.claimed.map(\.id) == tasks)
            let handlers = HandlerRegistry()
            let (events, log) = AsyncStream.makeStream(of: String.self)
            handlers.register("stops") { _ in
                log.yield("started")
                try? await untilCancelled()
                return .completed(nil)
            }
            handlers.register("follows") { _ in
                log.yield(Task.isCancelled ? "cancelled" : "runs")
                return .completed(nil)
            }
            let lane = Lane(
                .init("default", concurrency: 1), handlers: handlers, configuration: WorkerConfiguration(),
                pool: pool, identity: identity, logger: Logger(label: "test"))

            lane.accept(batch.claimed)
            var seen = events.makeAsyncIterator()
            #expect(await seen.next() == "started")
            lane.stop([AttemptKey(task: tasks[0], attempt: 1)], .timeout)
            #expect(await seen.next() == "runs")
            lane.beginStop()
            await lane.run(shards: [0])
            for task in tasks { #expect(try await manager.state(task) == "completed") }
        }
    }

    @Test("as many handlers as may run at once do, also when each waits for all the others", .migratedDatabase)
    func allAtOnce() async throws {
        let count = 200
        let started = Mutex(0)
        let (all, everybody) = AsyncStream.makeStream(of: Void.self)
        let waiting = Task { for await _ in all {} }
        try await withWorker(lanes: [.init("default", concurrency: count)]) { handlers in
            handlers.register("meets") { _ in
                if started.withLock({ started in
                    started += 1; return started == count
                }) {
                    everybody.finish()
                }
                await waiting.value
                return .completed(nil)
            }
        } _: { pool, manager in
            let ids = try await manager.enqueueBulk(
                "meets", args: [PostgresJSON](repeating: PostgresJSON("{}"), count: count))
            for id in ids { #expect(try await manager.end(of: id) == "completed") }
        }
    }

    @Test(
        "after a call that was in vain it looks again soon: what called may not have been committed", .migratedDatabase)
    func calledInVain() async throws {
        try await TestDatabase.current.withPool(size: 4) { pool in
            let manager = TaskManager(pool)
            let link = try await WorkerLink.register(
                pool, host: "test", pid: 1, version: "0", queues: ["default"], kinds: ["noop"], concurrency: 10)
            let handlers = HandlerRegistry()
            handlers.register("noop") { _ in .completed(nil) }
            var configuration = WorkerConfiguration()
            configuration.pollInterval = .milliseconds(10) ... .seconds(60)
            let lane = Lane(
                .init("default", concurrency: 10), handlers: handlers, configuration: configuration, pool: pool,
                identity: WorkerIdentity(link, queues: ["default"]), logger: Logger(label: "test"))
            func claims() async throws -> Int64 {
                try await pool.query("select last_value from agentcorp.claim_id").rows[0].int64(0)
            }
            async let running: Void = lane.run(shards: [0])
            // Each claim that finds nothing is followed by a wait of twice the length: now one of ten seconds.
            try await waitUntil("it looks rarely") { try await claims() >= 11 }
            let before = try await claims()
            lane.hint()
            try await waitUntil("it has looked") { try await claims() > before }
            let task = try await manager.enqueue(TaskRequest("noop"))
            try await waitUntil("the task ends", timeout: .seconds(9)) { try await manager.state(task) == "completed" }
            lane.beginStop()
            await running
        }
    }
}
