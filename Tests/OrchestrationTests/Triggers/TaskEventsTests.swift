import AgentTestSupport
import JSON
import Orchestration
import Queue
import TestSupport
import Testing
import Worker

@Suite struct TaskEventsTests {
    @Test(
        "what becomes of tasks is read in order, and by another reader from where the first has stopped",
        .checkedDatabase)
    func reading() async throws {
        try await PlanWorld.run { world in
            let hook = try await world.orchestrator.onTask(
                [.created, .started, .completed, .failed], as: "h", filter: ["kind": ["echo", "fail"]],
                poll: .milliseconds(20))
            let good = try await world.manager.enqueue(TaskRequest("echo"))
            var lines: [String] = []
            for try await event in hook {
                lines.append("\(event.task == good) \(event.event.rawValue) \(event.attempt ?? 0)")
                if event.event == .completed { break }
            }
            #expect(lines == ["true created 0", "true started 1", "true completed 1"])
            let bad = try await world.manager.enqueue(TaskRequest("fail"))
            let again = try await world.orchestrator.onTask(
                [.created, .started, .completed, .failed], as: "h", filter: ["kind": ["echo", "fail"]],
                poll: .milliseconds(20))
            var seen: [TaskEvent] = []
            for try await event in again {
                seen.append(event)
                if event.event == .failed { break }
            }
            // The last batch of the first reader was not acknowledged: it may come again.
            #expect(seen.last?.task == bad)
            #expect(seen.last?.error?.message == "it was to fail")
            #expect(seen.filter { $0.task == bad }.map(\.event) == [.created, .started, .failed])
            try await world.orchestrator.removeHook("h")
            await #expect(throws: QueueError.self) { try await world.orchestrator.removeHook("h") }
        }
    }
}
