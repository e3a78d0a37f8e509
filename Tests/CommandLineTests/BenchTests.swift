import FoundationEssentials
import Queue
import TestSupport
import Testing

@testable import Bench

@Suite struct BenchTests {
    @Test(
        "a benchmark measures both sides in a database of its own, and leaves nothing behind", .migratedDatabase,
        .timeLimit(.minutes(30)))
    func leavesNothing() async throws {
        let before = try await TestDatabase.current.psql("select count(*) from agentcorp.task")
        let result = try await Agentcorp.run(
            "bench", "drain", "--tasks", "2000", "--batch", "100", "--rounds", "1", "--json")
        #expect(result.status == 0, "\(result.errors)")
        let figures = try JSONDecoder().decode([Record].self, from: Data(result.output.utf8))
        let rates = figures.filter { $0.metric == "rate" }
        #expect(rates.map(\.section).contains("drain, 1 worker process, batches of 100"))
        for rate in rates {
            let raw = try #require(rate.raw)
            #expect(rate.agentcorp > 0 && raw > 0)
            #expect(abs(try #require(rate.ratio) - rate.agentcorp / raw) < 0.001)
        }
        #expect(try await TestDatabase.current.psql("select count(*) from agentcorp.task") == before)
        let left = try await TestDatabase.current.psql(
            "select count(*) from pg_database where datname like 'agentcorp\\_bench\\_%' and datname not in (select datname from pg_stat_activity where datname is not null)"
        )
        #expect(left == "0")
    }

    // On another server the commits of all others count, too.
    @Test("on a server of its own, a batch is one commit", .timeLimit(.minutes(30)))
    func commits() async throws {
        try await Scratch.use { scratch in
            let result = try await Agentcorp.runAlone(
                "bench", "drain", "--tasks", "2000", "--batch", "100", "--rounds", "1", "--json", scratch: scratch)
            #expect(result.status == 0, "\(result.errors)")
            let figures = try JSONDecoder().decode([Record].self, from: Data(result.output.utf8))
            let commits = figures.filter { $0.metric == "commits per task" }.map(\.agentcorp)
            #expect(!commits.isEmpty && commits.allSatisfy { $0 < 0.1 }, "\(commits)")
        }
    }

    @Test(
        "what makes no sense is refused before anything is started",
        arguments: [
            (["nonsense"], "there is no \"nonsense\""), (["--tasks", "10"], "--tasks is 1000 to 10000000"),
            (["--batch", "0"], "--batch is 1 to 1000"), (["--batch", "a"], "batch"),
            (["--rounds", "0"], "--rounds is 1 to 100"), (["--payload", "5"], "--payload is 20 to 100000"),
            (["--phase", "idle", "drain"], "a phase takes the place of the cases"),
            (["--connections", "1,9999"], "--connections is 1 to 500"),
        ])
    func refusals(arguments: [String], message: String) async throws {
        let result = try await Agentcorp.startAlone(["bench"] + arguments).waitForExit()
        #expect(result.status == 2)
        #expect(result.errors.contains(message), "\(result.errors)")
        #expect(result.output.isEmpty)
    }

    @Test("a server that is not there is named, with where its address comes from")
    func noServer() async throws {
        let result = try await Agentcorp.runAlone(
            "bench", "drain", "--database", "host=/nonexistent user=nobody")
        #expect(result.status == 3)
        #expect(result.errors.contains("cannot connect to host=/nonexistent") && result.errors.contains("--database"))
    }

    @Test("a target is reached or missed by the median of the rounds, in its own direction")
    func attainment() {
        func figure(_ ours: [Double], _ raw: [Double]?, _ target: Target) -> Figure {
            Figure("x", .perSecond, ours: ours, raw: raw, target: target)
        }
        // Medians 75 and 100: the outliers do not count.
        #expect(figure([75, 10, 900], [100, 100, 1], .ratioAtLeast(0.75)).attainment == 1)
        #expect(figure([25], [100], .ratioAtLeast(0.5)).attainment == 0.5)
        #expect(figure([300], [100], .ratioAtMost(1.5)).attainment == 0.5)
        #expect(figure([100], [100], .ratioAtMost(1.5)).attainment == 1.5)
        #expect(figure([200], nil, .atMost(100)).attainment == 0.5)
        #expect(figure([1], nil, .ratioAtLeast(0.75)).attainment == nil)
        #expect(figure([68], [100], .ratioAtLeast(0.75)).isKept)
        #expect(!figure([66], [100], .ratioAtLeast(0.75)).isKept)
        #expect(!figure([170], [100], .ratioAtMost(1.5)).isKept)
        // What has been reached before is not lost, though it is short of the target.
        #expect(Figure("x", .count, ours: [46], raw: [100], target: .ratioAtLeast(0.75), reached: 0.5).isKept)
        #expect(!Figure("x", .count, ours: [44], raw: [100], target: .ratioAtLeast(0.75), reached: 0.5).isKept)
        #expect(!Figure("x", .count, ours: [400], raw: [100], target: .ratioAtMost(1.5), reached: 3.5).isKept)
    }

    private struct Record: Decodable {
        let section: String
        let metric: String
        let agentcorp: Double
        let raw: Double?
        let ratio: Double?
    }
}
