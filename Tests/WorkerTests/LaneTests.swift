import Logging
import Postgres
import Queue
import TestSupport
import Testing

@testable import Worker

@Suite(.migratedDatabase)
struct LaneTests {
    @Test("what a claim brings in after the lane was told to stop goes back unburned, and the lane ends")
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
}
