import AgentTestSupport
import FoundationEssentials
import JSON
import Postgres
import Queue
import TestSupport
import Testing
import Worker

@Suite struct ModelTests {
    @Test("random plans end as the rules say, however their tasks race", .checkedDatabase)
    func randomPlans() async throws {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["AGENTCORP_RANDOM_PLANS"].flatMap { UInt64($0) } ?? 40
        let first = environment["AGENTCORP_SEED"].flatMap { UInt64($0) } ?? 1
        try await PlanWorld.run(
            workers: 2,
            kinds: { handlers in
                handlers.register("fail_if") { context in
                    let args = try context.decode([String: JSONValue].self)
                    if args["fails"] == .bool(true) { throw PermanentFailure("bad") }
                    return .completed(.init(context.task.args))
                }
            }
        ) { world in
            var runs: [(seed: UInt64, run: Int64, plan: RandomPlan)] = []
            for seed in first..<(first + count) {
                let plan = RandomPlan(seed: seed)
                runs.append((seed, try await world.start(plan.document), plan))
            }
            for (seed, run, plan) in runs {
                try await waitUntil("run \(run) of seed \(seed) to end") {
                    try await world.manager.standing(of: run).state.isFinal
                }
                let model = PlanModel(plan)
                let standing = try await world.manager.standing(of: run)
                #expect(standing.state == (model.fails ? .failed : .completed), "seed \(seed): \(plan.document.text)")
                let rows = try await world.agents.rows(
                    "select name || ' ' || state from agentcorp.tasks where parent_id = \(run)")
                for row in rows {
                    let parts = row.split(separator: " ")
                    let id = String(parts[0])
                    let end = model.ends[id].map { "\($0)" }
                    let isExpected = String(parts[1]) == end || parts[1] == "cancelled" && model.losers.contains(id)
                    #expect(isExpected, "seed \(seed): \(row) instead of \(end ?? "nothing"): \(plan.document.text)")
                }
            }
        }
    }
}
