import FoundationEssentials
import TestSupport
import Testing

/// Random trees with random failures, retries, cancels, losses and suspensions, against a model that knows only the rules.
@Suite(.migratedDatabase)
struct ModelTests {
    /// How long to go on: `AGENTCORP_MODEL_SECONDS`, 15 unless given.
    private static let seconds = Double(ProcessInfo.processInfo.environment["AGENTCORP_MODEL_SECONDS"] ?? "") ?? 15
    /// Where to begin: `AGENTCORP_MODEL_SEED`, to run a failure again.
    private static let seed = UInt64(ProcessInfo.processInfo.environment["AGENTCORP_MODEL_SEED"] ?? "")

    @Test("random trees end as the model says", .timeLimit(.minutes(60)))
    func random() async throws {
        let sql = try await Session.open()
        let deadline = ContinuousClock.now + .seconds(Self.seconds)
        var seed = Self.seed ?? 1
        var runs = 0
        repeat {
            var run = ModelRun(seed: seed, sql: sql)
            var problems: [String]
            do { problems = try await run.play() } catch { problems = ["\(error)"] }
            problems += try await TestDatabase.current.violations()
            guard problems.isEmpty else {
                Issue.record(
                    "AGENTCORP_MODEL_SEED=\(seed)\n\(run.log.joined(separator: "\n"))\n\(problems.joined(separator: "\n"))"
                )
                return
            }
            seed += 1
            runs += 1
        } while ContinuousClock.now < deadline
        print("\(runs) random trees up to seed \(seed)")
    }
}
