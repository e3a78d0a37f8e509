import Logging
import Postgres
import Queue
import Synchronization
import TestSupport
import Testing

@testable import Worker

@Suite(.checkedDatabase)
struct ChunkTests {
    private static let long = Duration.seconds(60)

    @Test("a chunk runs when it is full, and each of its tasks ends in its own way")
    func full() async throws {
        let sizes = Mutex<[Int]>([])
        try await withWorker { handlers in
            handlers.registerChunks("many", upTo: 5, within: Self.long) { contexts in
                sizes.withLock { $0.append(contexts.count) }
                return try contexts.map { context in
                    switch try context.decode(Int.self) {
                    case 0: .success(.completed(nil))
                    case 1: .failure(PermanentFailure("this one not"))
                    case 2: .success(.cancelled("rather not"))
                    case 3: .failure(RetryAfter(.seconds(60), "later"))
                    default: .success(try .output(context.task.id))
                    }
                }
            }
        } _: { _, manager in
            let ids = try await manager.enqueueBulk("many", args: (0..<5).map { PostgresJSON("\($0)") })
            try await waitUntil("all to end") { try await manager.state(ids[4]) == "completed" }
            var states: [String] = []
            for id in ids { states.append(try await manager.state(id)) }
            #expect(states == ["completed", "failed", "cancelled", "scheduled", "completed"])
            #expect(try await manager.output(of: ids[4])?.text == "\(ids[4])")
            #expect(try await manager.describe(ids[1])["error"]?["message"] == "this one not")
        }
        #expect(sizes.withLock { $0 } == [5])
    }

    @Test("a chunk that does not fill runs when its time is over")
    func window() async throws {
        let sizes = Mutex<[Int]>([])
        try await withWorker { handlers in
            handlers.registerChunks("many", upTo: 100) { contexts in
                sizes.withLock { $0.append(contexts.count) }
                return contexts.map { _ in .success(.completed(nil)) }
            }
        } _: { _, manager in
            // The lane runs ten at once, so no chunk is larger.
            let ids = try await manager.enqueueBulk("many", args: Array(repeating: PostgresJSON("{}"), count: 25))
            for id in ids { #expect(try await manager.end(of: id) == "completed") }
        }
        #expect(sizes.withLock { $0.reduce(0, +) } == 25)
        #expect(sizes.withLock { $0.allSatisfy { $0 <= 10 } })
    }

    @Test("an error fails the whole chunk, and so does a result too few", arguments: [true, false])
    func failure(throwing: Bool) async throws {
        try await withWorker { handlers in
            handlers.registerChunks("many", upTo: 3, within: Self.long) { contexts in
                if throwing { throw PermanentFailure("all of you") }
                return [.success(.completed(nil))]
            }
        } _: { _, manager in
            let ids = try await manager.enqueueBulk("many", args: Array(repeating: PostgresJSON("{}"), count: 3))
            for id in ids {
                #expect(try await manager.end(of: id) == "failed")
                #expect(
                    try await manager.describe(id)["error"]?["message"]?.string
                        == (throwing ? "all of you" : "the handler of a chunk returned 1 results for 3 tasks"))
            }
        }
    }

    @Test("a member that is cancelled leaves the others alone; one that times out fails alone")
    func oneMember() async throws {
        let started = Mutex(false)
        let mayEnd = Mutex(false)
        try await withWorker { handlers in
            handlers.registerChunks("many", upTo: 3, within: Self.long) { contexts in
                started.withLock { $0 = true }
                try await waitUntil("the test to go on") { mayEnd.withLock { $0 } }
                return contexts.map { _ in .success(.completed(nil)) }
            }
        } _: { _, manager in
            let ids = try await manager.enqueueBulk("many", args: Array(repeating: PostgresJSON("{}"), count: 3))
            try await waitUntil("the chunk to run") { started.withLock { $0 } }
            #expect(try await manager.cancel(ids[1]) == 1)
            mayEnd.withLock { $0 = true }
            #expect(try await manager.end(of: ids[0]) == "completed")
            #expect(try await manager.end(of: ids[2]) == "completed")
            #expect(try await manager.state(ids[1]) == "cancelled")
        }
    }

    @Test("a chunk whose tasks have all timed out is stopped, and they fail for that")
    func timeout() async throws {
        try await withWorker { handlers in
            handlers.registerChunks("many", upTo: 2, within: Self.long) { _ in try await untilCancelled() }
        } _: { _, manager in
            let ids = try await manager.enqueueMany(
                PostgresJSON(
                    #"[{"kind": "many", "timeout": "50ms", "max_attempts": 1}, {"kind": "many", "timeout": "80ms", "max_attempts": 1}]"#
                ))
            for id in ids {
                #expect(try await manager.end(of: id) == "failed")
                #expect(try await manager.describe(id)["error"]?["reason"] == "timeout")
            }
        }
    }

    @Test("one that is stopped while the chunk gathers is not given to the handler")
    func leaves() async throws {
        try await TestDatabase.current.withPool { pool in
            func context(_ id: Int64) -> TaskContext {
                TaskContext(
                    task: ClaimedTask(
                        claimID: 1, id: id, parentID: nil, rootID: id, attempt: 1, priority: 4, shard: 0, kind: "many",
                        args: [], policy: nil), pool: pool, worker: 1, logger: Logger(label: "test"))
            }
            let seen = Mutex<[Int64]>([])
            let chunk = Chunk(context(1), size: 3, window: Self.long) { contexts in
                seen.withLock { $0 = contexts.map(\.task.id) }
                return try contexts.map { .success(try .output($0.task.id)) }
            }
            #expect(chunk.join(context(2)) == 1)
            chunk.stop(0)
            #expect(chunk.join(context(3)) == 2)
            #expect(chunk.join(context(4)) == nil)
            guard case .completed(let output) = try await chunk.result(of: 2) else {
                throw TestSupportError("no result")
            }
            #expect(output?.text == "3")
            await #expect(throws: CancellationError.self) { try await chunk.result(of: 0) }
            #expect(seen.withLock { $0 } == [2, 3])
        }
    }

    @Test("steps of the members of a chunk are their own")
    func steps() async throws {
        try await withWorker { handlers in
            handlers.registerChunks("many", upTo: 2, within: Self.long) { contexts in
                var results: [Result<TaskResult, any Error>] = []
                for context in contexts {
                    results.append(.success(try .output(try await context.step("id") { context.task.id })))
                }
                return results
            }
        } _: { _, manager in
            let ids = try await manager.enqueueBulk("many", args: Array(repeating: PostgresJSON("{}"), count: 2))
            for id in ids {
                #expect(try await manager.end(of: id) == "completed")
                #expect(try await manager.output(of: id)?.text == "\(id)")
            }
        }
    }

    @Test("a shutdown gives the tasks of a chunk back")
    func shutdown() async throws {
        let started = Mutex(false)
        try await withWorker { handlers in
            handlers.registerChunks("many", upTo: 3, within: Self.long) { _ in
                started.withLock { $0 = true }
                try await untilCancelled()
            }
        } configure: {
            $0.shutdownGrace = .milliseconds(50)
        } _: { _, manager in
            _ = try await manager.enqueueBulk("many", args: Array(repeating: PostgresJSON("{}"), count: 3))
            try await waitUntil("the chunk to run") { started.withLock { $0 } }
        }
        let left = try await TestDatabase.current.psql(
            "select (select count(*) from agentcorp.ready where attempt = 1), (select count(*) from agentcorp.claim)")
        #expect(left == "3|0")
    }
}
