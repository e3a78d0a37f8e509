import FoundationEssentials
import TestSupport
import Testing

@Suite
struct EventModelTests {
    /// How long to go on: `AGENTCORP_MODEL_SECONDS`, 4 unless given.
    private static let seconds = Double(ProcessInfo.processInfo.environment["AGENTCORP_MODEL_SECONDS"] ?? "") ?? 4
    /// Where to begin: `AGENTCORP_MODEL_SEED`, to run a failure again.
    private static let seed = UInt64(ProcessInfo.processInfo.environment["AGENTCORP_MODEL_SEED"] ?? "")

    @Test("random waits end as the model says", .migratedDatabase, .timeLimit(.minutes(60)))
    func random() async throws {
        let sql = try await Session.open()
        let deadline = ContinuousClock.now + .seconds(Self.seconds)
        var seed = Self.seed ?? 1
        repeat {
            // What an earlier run has left is no task of this one's model.
            try await sql.run("select agentcorp.cancel(id) from agentcorp.task")
            try await sql.run(
                "truncate agentcorp.event, agentcorp.task, agentcorp.attempt, agentcorp.step, agentcorp.claim, agentcorp.output, agentcorp.counter, agentcorp.count_delta, agentcorp.ready, agentcorp.scheduled"
            )
            var model = EventModel(seed: seed, sql: sql)
            var problems: [String]
            do { problems = try await model.play(steps: 120) } catch { problems = ["\(error)"] }
            problems += try await TestDatabase.current.violations()
            guard problems.isEmpty else {
                Issue.record(
                    "AGENTCORP_MODEL_SEED=\(seed)\n\(model.log.joined(separator: "\n"))\n\(problems.joined(separator: "\n"))"
                )
                return
            }
            seed += 1
        } while ContinuousClock.now < deadline
    }
}
