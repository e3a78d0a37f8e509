import Foundation
import Postgres
import Queue
import TestSupport
import Testing

/// `AGENTCORP_SOAK_SECONDS` makes the chaos last longer, `AGENTCORP_SOAK_SEED` repeats a run.
@Suite(.migratedDatabase, .serialized)
struct ChaosTests {
    private static let chaos = Duration.seconds(
        ProcessInfo.processInfo.environment["AGENTCORP_SOAK_SECONDS"].flatMap(Int.init) ?? 15)
    private static let seed =
        ProcessInfo.processInfo.environment["AGENTCORP_SOAK_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0 ... .max)

    /// A root over 50 groups of 99 tasks each: 5,001 in all. Some need siblings, some sleep, some use another
    /// queue, some wait for a slot of their key, some go in order; three tenants take turns.
    private func tree(_ random: inout SeededGenerator) -> JSONValue {
        let groups = (0..<50).map { group -> JSONValue in
            let leaves = (0..<99).map { leaf -> JSONValue in
                var node: [String: JSONValue] = [
                    "name": .string("\(group).\(leaf)"), "kind": "sleep",
                    "args": ["ms": .integer(Int64.random(in: 0...600, using: &random))],
                ]
                if leaf > 0, Int.random(in: 0..<4, using: &random) == 0 {
                    node["needs"] = [.string("\(group).\(Int.random(in: 0..<leaf, using: &random))")]
                }
                if Int.random(in: 0..<3, using: &random) == 0 { node["queue"] = "io" }
                switch Int.random(in: 0..<20, using: &random) {
                case 0..<5: node["concurrency_key"] = .string("chaos:\(group % 10)")
                case 5:
                    node["ordered_key"] = .string("\(group)")
                    node["args"] = ["ms": 0]
                default: break
                }
                return .object(node)
            }
            return [
                "name": .string("\(group)"), "kind": "noop", "tenant": .string("tenant \(group % 3)"),
                "subtasks": .array(leaves),
            ]
        }
        return ["name": "everything", "kind": "noop", "subtasks": .array(groups)]
    }

    @Test(
        "a tree of 5,000 tasks ends right while workers and coordinators are killed and frozen",
        .timeLimit(.minutes(30)))
    func killAgain() async throws {
        let database = TestDatabase.current
        var random = SeededGenerator(seed: Self.seed)
        try await database.withPool { pool in
            let manager = TaskManager(pool)
            try await manager.createQueue("io")
            try await manager.setLimit(key: "chaos:*", LimitRequest(concurrency: 8))
            try await manager.setWeight(tenant: "tenant 1", 3)
            let started = ContinuousClock.now
            let fleet = try Fleet(dsn: database.dsn, workers: 4, coordinators: 2, seed: Self.seed)
            defer { fleet.killAll() }
            var roots: [Int64] = [try await manager.enqueueTree(JSONCoding.encode(tree(&random)))]
            // On a busy machine time alone says little: some evil must have been done, too.
            var lost: Int64 = 0
            while ContinuousClock.now - started < Self.chaos
                || (fleet.kills < 6 || lost == 0) && ContinuousClock.now - started < Self.chaos + .seconds(180)
            {
                try fleet.harass()
                // Part of the evil, which must come at random moments; nothing is waited for.
                try await Task.sleep(for: .milliseconds(Int.random(in: 50...600, using: &random)))
                let violations = try await database.violations()
                #expect(violations.isEmpty, "seed \(Self.seed)")
                lost = try await pool.query("select count(*) from agentcorp.attempt where outcome = 11").rows[0].int64(
                    0)
                // A long run gets new trees when the old ones have ended.
                if try await manager.describe(roots.last!)["state"]?.string == "completed" {
                    roots.append(try await manager.enqueueTree(JSONCoding.encode(tree(&random))))
                }
            }
            fleet.calm()
            for root in roots {
                try await waitUntil("tree \(root) to end (seed \(Self.seed))", timeout: .seconds(240)) {
                    try await manager.describe(root)["state"]?.string == "completed"
                }
            }
            #expect(try await database.violations().isEmpty, "seed \(Self.seed)")
            let row = try await pool.query(
                """
                select (select count(*) from agentcorp.task), (select count(*) from agentcorp.attempt where outcome = 1),
                    (select count(*) from agentcorp.attempt where outcome = 11), (select count(*) from agentcorp.claim)
                """
            ).rows[0]
            #expect(try row.int64(0) == Int64(roots.count * 5001), "seed \(Self.seed)")
            #expect(try row.int64(1) == row.int64(0), "every task has completed once (seed \(Self.seed))")
            #expect(fleet.kills > 2)
            #expect(try row.int64(2) > 0, "some of the killed had work (seed \(Self.seed))")
            print(
                "chaos: seed \(Self.seed), \(fleet.kills) kills, \(try row.int64(2)) lost attempts, \(roots.count) trees"
            )
            // Two of everything are still there, so what was frozen and dead has been forgotten by now.
            try await waitUntil("claims to close") {
                try await pool.query("select count(*) from agentcorp.claim").rows[0].int64(0) == 0
            }
        }
    }
}
