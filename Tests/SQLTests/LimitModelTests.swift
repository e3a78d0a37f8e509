import FoundationEssentials
import TestSupport
import Testing

/// Random keys, tenants, limits, ends and losses. The rules that no admission may break stand in `scripts/invariants.sql`; here
/// is what they cannot say: that an order is kept, and that nothing waits for ever.
@Suite(.migratedDatabase)
struct LimitModelTests {
    private static let seconds = Double(ProcessInfo.processInfo.environment["AGENTCORP_MODEL_SECONDS"] ?? "") ?? 10
    private static let seed = UInt64(ProcessInfo.processInfo.environment["AGENTCORP_MODEL_SEED"] ?? "")

    @Test("whatever happens, limits hold, orders are kept, and everything ends", .timeLimit(.minutes(60)))
    func random() async throws {
        let sql = try await Session.open()
        let deadline = ContinuousClock.now + .seconds(Self.seconds)
        var seed = Self.seed ?? 1
        repeat {
            var run = LimitModelRun(seed: seed, sql: sql)
            var problems: [String]
            do { problems = try await run.play() } catch { problems = ["\(error)"] }
            guard problems.isEmpty else {
                Issue.record(
                    "AGENTCORP_MODEL_SEED=\(seed)\n\(run.log.joined(separator: "\n"))\n\(problems.joined(separator: "\n"))"
                )
                return
            }
            seed += 1
        } while ContinuousClock.now < deadline
        print("limits held up to seed \(seed)")
    }
}
