import Agents
import FoundationEssentials
import Postgres
import Providers
import Queue
import TestSupport
import Testing

@Suite(.checkedDatabase)
struct BudgetsTests {
    private func with(_ body: (Budgets, PostgresConnection, Int64) async throws -> Void) async throws {
        let connection = try await PostgresConnection.connect(PostgresConfiguration(dsn: TestDatabase.current.dsn))
        try await body(Budgets(connection), connection, try await TaskManager(connection).enqueue(TaskRequest("a")))
    }

    @Test("a budget is set, read to the nanodollar, and removed")
    func budget() async throws {
        try await with { budgets, connection, task in
            let limits = AgentBudget(usd: USD("2.000000001"), tokens: 5000, turns: 40, time: .seconds(3600))
            try await budgets.set(limits, for: task)
            _ = try await connection.query(
                "select agentcorp.reserve(0::smallint, $1, 1, 1, 'p', 'm', 0.000000001, 100)", [task])
            let record = try #require(try await budgets.list().first)
            #expect(record.taskID == task && record.usd == limits.usd && record.usdReserved == USD(nanodollars: 1))
            #expect(record.tokensReserved == 100 && record.turnsReserved == 1 && record.usdSpent == .zero)
            #expect(record.expiresAt == record.createdAt.addingTimeInterval(3600))
            let left = try await budgets.left(for: task)
            #expect(left.usd == USD("2") && left.tokens == 4900 && left.turns == 39)
            #expect(try #require(left.time) > .seconds(3500))
            #expect(try await budgets.list(of: task + 1).isEmpty)
            #expect(try await budgets.remove(for: task))
            #expect(try await budgets.remove(for: task) == false)
            #expect(try await budgets.left(for: task) == AgentBudget())
        }
    }

    @Test("what is refused is a QueueError that says what to do")
    func refusals() async throws {
        try await with { budgets, _, task in
            let unknown = await #expect(throws: QueueError.self) {
                try await budgets.set(AgentBudget(turns: 1), for: 999)
            }
            #expect(unknown?.code == .unknownTask)
            let empty = await #expect(throws: QueueError.self) { try await budgets.set(AgentBudget(), for: task) }
            #expect(empty?.code == .invalidValue)
        }
    }

    @Test("providers are limited, cooled down and warmed up again")
    func providers() async throws {
        try await with { budgets, _, _ in
            try await budgets.setLimit(provider: "p", concurrency: 3, requests: 50, tokens: 40_000)
            try await budgets.coolDown(provider: "p", model: "m", for: .seconds(600), reason: "quota")
            var limits = try await budgets.limits()
            #expect(limits.map(\.model) == ["*", "m"])
            #expect(
                limits[0].maxConcurrent == 3 && limits[0].requestsPerMinute == 50 && limits[0].tokensPerMinute == 40_000
            )
            #expect(limits[1].cooldownReason == "quota" && limits[1].inFlight == 0)
            #expect(try #require(limits[1].cooldownUntil).timeIntervalSinceNow > 500)
            try await budgets.warmUp(provider: "p", model: "m")
            #expect(try await budgets.removeLimit(provider: "p"))
            #expect(try await budgets.removeLimit(provider: "p") == false)
            limits = try await budgets.limits()
            #expect(limits.isEmpty)
        }
    }

    @Test("costs come with what is known of them")
    func costs() async throws {
        try await with { budgets, connection, task in
            _ = try await connection.query(
                """
                insert into agentcorp.turn (task_id, started_at, finished_at, seq, input_tokens, output_tokens, attempt, shard, cost_usd, provider, model, finish,
                    request_hash, response)
                select $1, now(), now(), i, 100, case when i = 1 then 7 end, 1, 0, case when i < 3 then 0.25 end, 'p', 'm' || i, 'stop', '', '{}' from generate_series(1, 3) i
                """, [task])
            let run = try #require(try await budgets.costs().first)
            #expect(run.name == "\(task)" && run.label == "a" && run.turns == 3 && run.unpriced == 1)
            #expect(
                run.usd == USD("0.5") && run.inputTokens == 300 && run.outputTokens == 7 && run.reasoningTokens == nil)
            let models = try await budgets.costs(CostFilter(by: .model, limit: 2))
            #expect(models.map(\.name) == ["p/m1", "p/m2"])
            #expect(try await budgets.costs(CostFilter(by: .day, until: Date(timeIntervalSince1970: 0))).isEmpty)
        }
    }
}
