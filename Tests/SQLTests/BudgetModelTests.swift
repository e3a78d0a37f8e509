import FoundationEssentials
import TestSupport
import Testing

/// Fifty agents at once: random estimates, bills and crashes. That nothing is granted over a limit stands in
/// `scripts/invariants.sql`, which is looked at meanwhile; that nothing is forgotten stands here.
@Suite(.migratedDatabase)
struct BudgetModelTests {
    private static let agents = 50
    private static let seed = UInt64(ProcessInfo.processInfo.environment["AGENTCORP_MODEL_SEED"] ?? "") ?? 1

    @Test(
        "fifty agents that call, are billed and crash at random never exceed a budget, and every cent is accounted for",
        .timeLimit(.minutes(30)))
    func random() async throws {
        let sql = try await Session.open()
        // A root with five groups of ten agents. Half of the groups have a budget of their own.
        let groups = (0..<5).map { group in
            let agents = (0..<10).map { #"{"kind":"a","name":"\#(group * 10 + $0)","queue":"q\#(group * 10 + $0)"}"# }
            return #"{"kind":"a","name":"g\#(group)","subtasks":[\#(agents.joined(separator: ","))]}"#
        }
        try await sql.run("select agentcorp.create_queue('q' || i) from generate_series(0, \(Self.agents - 1)) i")
        let root = try await sql.tree(#"{"kind":"a","subtasks":[\#(groups.joined(separator: ","))]}"#)
        try await sql.setBudget(root, "usd => 40, turns => 600")
        for group in 0..<2 { try await sql.setBudget(try await sql.id("g\(group)"), "usd => 6, tokens => 5000") }
        try await sql.run(
            "select agentcorp.set_provider_limit('p', max_concurrent => 20), agentcorp.set_provider_limit('p', 'm0', 5)"
        )

        let outcomes = try await withThrowingTaskGroup(of: BudgetModelAgent.Outcome.self) { tasks in
            for number in 0..<Self.agents {
                tasks.addTask { try await BudgetModelAgent(number: number, seed: Self.seed).run(calls: 25) }
            }
            tasks.addTask {
                let watcher = try await Session.open()
                for _ in 1...20 {
                    let violations = try await TestDatabase.current.violations()
                    #expect(violations.isEmpty, "AGENTCORP_MODEL_SEED=\(Self.seed): \(violations)")
                    _ = try await watcher.int("select agentcorp.sweep_reservations(0::smallint)")
                }
                return BudgetModelAgent.Outcome()
            }
            return try await tasks.reduce(into: [BudgetModelAgent.Outcome]()) { $0.append($1) }
        }
        while try await sql.int("select agentcorp.sweep_reservations(0::smallint)") > 0 {}
        #expect(try await TestDatabase.current.violations().isEmpty)
        #expect(try await sql.int("select count(*) from agentcorp.reservation") == 0)
        let cents = outcomes.reduce(0) { $0 + $1.cents }
        let turns = outcomes.reduce(0) { $0 + $1.turns }
        #expect(try await sql.budget(root, "(usd_spent * 100)::int || ' ' || turns_spent") == "\(cents) \(turns)")
        #expect(turns > 100 && cents <= 4000)
        // Every agent was refused by something at some time, and some calls crashed.
        #expect(outcomes.reduce(0) { $0 + $1.refused } > 0)
        #expect(outcomes.reduce(0) { $0 + $1.crashed } > 0)
    }
}
