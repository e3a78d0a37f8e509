import TestSupport
import Testing

@testable import MCP

@Suite struct DeadlineTests {
    private struct Late: Error {
        let after: Duration
    }

    @Test("signs of life extend the silence that is borne, but not the whole time")
    func extended() async throws {
        let time = ManualTime()
        let deadline = Deadline(silence: .seconds(10), total: .seconds(25), time: time.timekeeper)
        let run = Task {
            try await deadline.run({ () async throws -> Void in try await untilCancelled() }, late: { Late(after: $0) })
        }
        for second in [8, 16, 24] {
            try await time.waitForSleeper(until: .seconds(min(25, second <= 8 ? 10 : second + 2)))
            time.advance(to: .seconds(second))
            deadline.extend()
            time.advance(to: .seconds(min(25, second + 2)))
        }
        let late = await #expect(throws: Late.self) { try await run.value }
        #expect(late?.after == .seconds(25))
    }

    @Test("silence ends it")
    func silent() async throws {
        let time = ManualTime()
        let deadline = Deadline(silence: .seconds(10), total: .seconds(25), time: time.timekeeper)
        let run = Task {
            try await deadline.run({ () async throws -> Void in try await untilCancelled() }, late: { Late(after: $0) })
        }
        try await time.waitForSleeper(until: .seconds(10))
        time.advance(to: .seconds(10))
        let late = await #expect(throws: Late.self) { try await run.value }
        #expect(late?.after == .seconds(10))
    }
}
