import FoundationEssentials
import Postgres
import Queue
import Synchronization
import TestSupport
import Testing
import Worker

@Suite(.checkedDatabase)
struct WaitingTests {
    struct Parcel: Codable, Equatable { let weight: Int }

    private func state(_ manager: TaskManager, _ task: Int64, _ state: String) async throws {
        try await waitUntil("task \(task) to be \(state)") { try await manager.state(task) == state }
    }

    @Test("a handler waits for an event without holding a worker, and gets it in its next attempt")
    func event() async throws {
        let labels = Mutex(0)
        try await withWorker { handlers in
            handlers.register("ship") { context in
                _ = try await context.step("label") {
                    labels.withLock {
                        $0 += 1; return $0
                    }
                }
                let parcel = try await context.waitForEvent("parcels.packed", as: Parcel.self, key: "42")
                let next = try await context.waitForEvent("parcels.sent", name: "sent", timeout: .seconds(3600))
                return try TaskResult.output([parcel?.weight ?? 0, next == nil ? 0 : Int(context.task.attempt)])
            }
        } _: { _, manager in
            let id = try await manager.enqueue(TaskRequest("ship"))
            try await state(manager, id, "waiting")
            let wait = try #require(try await manager.waits().first)
            #expect(wait.taskID == id && wait.topic == "parcels.packed" && wait.key == "42" && wait.parked)
            #expect(wait.name == "event parcels.packed 42")
            let event = try await manager.emitEvent("parcels.packed", data: Parcel(weight: 3), key: "42")
            #expect(try await manager.emitEvent("parcels.packed", data: Parcel(weight: 4), key: "42") == event)
            try await waitUntil("the second wait") { try await manager.waits().first?.topic == "parcels.sent" }
            try await state(manager, id, "waiting")
            try await manager.emitEvent("parcels.sent")
            #expect(try await manager.end(of: id) == "completed")
            #expect(try await manager.output(of: id)?.text == "[3, 3]")
            #expect(labels.withLock { $0 } == 1)
        }
    }

    @Test("an event that is there already, and a timeout of zero, suspend nothing")
    func atOnce() async throws {
        try await withWorker { handlers in
            handlers.register("look") { context in
                let there = try await context.waitForEvent("t", key: "k")
                let missing = try await context.waitForEvent(
                    String(repeating: "t", count: 250), key: String(repeating: "k", count: 1000), timeout: .zero)
                return try TaskResult.output([there?.data, missing?.data, .integer(Int64(context.task.attempt))])
            }
        } _: { _, manager in
            try await manager.emitEvent("t", data: ["a": 1], key: "k")
            let id = try await manager.enqueue(TaskRequest("look"))
            #expect(try await manager.end(of: id) == "completed")
            #expect(try await manager.output(of: id)?.text == #"[{"a": 1}, null, 1]"#)
        }
    }

    @Test(
        "a handler that turns the suspension into another error is suspended all the same; one that returns has returned"
    )
    func caught() async throws {
        struct Wrapped: Error { let cause: any Error }
        try await withWorker { handlers in
            handlers.register("wraps") { context in
                do { _ = try await context.waitForEvent("t", key: "k") } catch { throw Wrapped(cause: error) }
                return .completed(nil)
            }
            handlers.register("group") { context in
                try await withThrowingTaskGroup { group in
                    group.addTask { _ = try await context.waitForEvent("t", key: "k") }
                    group.addTask { try await untilCancelled() }
                    // The first to end is the wait: by its error, or in the next attempt by the event.
                    try await group.next()
                    group.cancelAll()
                }
                return .completed(nil)
            }
            handlers.register("swallows") { context in
                do { _ = try await context.waitForEvent("t", key: "k") } catch {}
                return .completed(nil)
            }
            handlers.register("gives up") { context in
                do { _ = try await context.waitForEvent("t", key: "k") } catch { throw PermanentFailure("no time") }
                return .completed(nil)
            }
        } _: { _, manager in
            let wraps = try await manager.enqueue(TaskRequest("wraps"))
            let group = try await manager.enqueue(TaskRequest("group"))
            let swallows = try await manager.enqueue(TaskRequest("swallows"))
            let givesUp = try await manager.enqueue(TaskRequest("gives up"))
            try await state(manager, wraps, "waiting")
            try await state(manager, group, "waiting")
            #expect(try await manager.end(of: swallows) == "completed")
            #expect(try await manager.end(of: givesUp) == "failed")
            #expect(try await manager.waits().count == 2)
            try await manager.emitEvent("t", key: "k")
            #expect(try await manager.end(of: wraps) == "completed")
            #expect(try await manager.end(of: group) == "completed")
        }
    }

    @Test("data that do not fit fail the task and say why")
    func wrongData() async throws {
        try await withWorker { handlers in
            handlers.register("typed") { context in
                try TaskResult.output(try await context.waitForEvent("t", as: Parcel.self, key: "k"))
            }
        } _: { _, manager in
            try await manager.emitEvent("t", data: ["weight": "heavy"], key: "k")
            let id = try await manager.enqueue(TaskRequest("typed"))
            #expect(try await manager.end(of: id) == "failed")
            #expect(
                try await manager.describe(id)["error"]?["message"]?.string
                    == #"the data of event t do not fit: ".weight" is no Int"#)
        }
    }

    @Test("a handler sleeps in scheduled, and does not sleep again")
    func sleep() async throws {
        try await withWorker { handlers in
            handlers.register("nap") { context in
                try await context.sleep(for: .seconds(90 * 86_400), name: "trial")
                try await context.sleep(until: Date(timeIntervalSince1970: 0), name: "past")
                return try TaskResult.output(context.task.attempt)
            }
        } _: { pool, manager in
            let id = try await manager.enqueue(TaskRequest("nap"))
            try await state(manager, id, "scheduled")
            let task = try #require(try await manager.tasks().first)
            #expect(abs(try #require(task.runAt).timeIntervalSinceNow - 90 * 86_400) < 60)
            // Three months later.
            _ = try await pool.query(
                "update agentcorp.step set value = jsonb_build_object('until', now() - interval '1 second') where name = 'trial'"
            )
            _ = try await pool.query("update agentcorp.scheduled set run_at = now() - interval '1 second'")
            _ = try await pool.query("select agentcorp.promote(0::smallint)")
            #expect(try await manager.end(of: id) == "completed")
            #expect(try await manager.output(of: id)?.text == "2")
        }
    }
}
