import TestSupport
import Testing

@Suite struct BudgetsTests {
    @Test("budgets are set, shown and removed", .checkedDatabase)
    func budgets() async throws {
        let task = try await TestDatabase.current.psql("select agentcorp.enqueue('a', name => 'report')")
        #expect(try await Agentcorp.run("budgets").errors.contains("no budgets"))
        #expect(
            try await Agentcorp.run("budgets", "set", task, "--usd", "2.50", "--turns", "40", "--time", "1h").status
                == 0)
        try await TestDatabase.current.psql(
            "select agentcorp.reserve(0::smallint, \(task), 1, 1, 'p', 'm', 0.25, 10), agentcorp.reserve(0::smallint, \(task), 1, 2, 'p', 'm', 0.1, 10), agentcorp.settle(0::smallint, \(task), 1, null, null)"
        )
        let list = try await Agentcorp.run("budgets")
        #expect(
            list.output.contains("report") && list.output.contains("0.25 (+0.1) of 2.5")
                && list.output.contains("1 (+1) of 40"))
        #expect(
            try await Agentcorp.run("budgets", "list", "--task", task, "--json").output.contains(#""usd_spent":"0.25""#)
        )
        #expect(try await Agentcorp.run("budgets", "remove", task).status == 0)
        #expect(try await Agentcorp.run("budgets", "remove", task).errors.contains("no budget"))
        for (words, status, word) in [
            (["set", task], 2, "--usd"), (["set", task, "--usd", "much"], 2, "2.50"),
            (["set", "99", "--usd", "1"], 5, "unknown task"),
            (["set", task, "--turns=-1"], 2, "negative"),
        ] {
            let result = try await Agentcorp.run(["budgets"] + words)
            #expect(result.status == status, "\(words): \(result.errors)")
            #expect(result.errors.contains(word), "\(words): \(result.errors)")
        }
    }

    @Test("providers are limited and cooled down", .checkedDatabase)
    func providers() async throws {
        #expect(
            try await Agentcorp.run(
                "limits", "providers", "set", "anthropic", "--concurrency", "8", "--tokens", "40000"
            ).status == 0)
        #expect(
            try await Agentcorp.run(
                "limits", "providers", "cool", "openai", "--model", "big", "--for", "10m", "--reason", "quota"
            ).status == 0)
        let list = try await Agentcorp.run("limits", "providers")
        #expect(list.output.contains("anthropic") && list.output.contains("40000") && list.output.contains("quota"))
        #expect(try await Agentcorp.run("limits", "providers", "cool", "openai", "--model", "big", "--end").status == 0)
        #expect(try await Agentcorp.run("limits", "providers", "--json").output.contains("openai") == false)
        #expect(try await Agentcorp.run("limits", "providers", "remove", "anthropic").errors.isEmpty)
        #expect(try await Agentcorp.run("limits", "providers", "set", "anthropic").status == 2)
        #expect(try await Agentcorp.run("limits", "providers", "cool", "anthropic").status == 2)
    }

    @Test("costs are shown with the turns that have no price", .migratedDatabase)
    func costs() async throws {
        #expect(try await Agentcorp.run("costs").errors.contains("no model has been called"))
        try await TestDatabase.current.psql(
            """
            select agentcorp.enqueue('a', name => 'report'), agentcorp.enqueue('b');
            insert into agentcorp.turn (task_id, started_at, finished_at, seq, input_tokens, output_tokens, attempt, shard, cost_usd, provider, model, finish, request_hash, response)
                select t, now(), now(), i, 1200, 30, 1, 0, case when i = 1 then 0.25 end, 'p', 'm', 'stop', '', '{}' from generate_series(1, 2) i, generate_series(1, 2) t
            """)
        let runs = try await Agentcorp.run("costs")
        #expect(
            runs.output.contains("report") && runs.output.contains("2,400")
                && runs.output.contains("1 turn without price"))
        #expect(runs.errors.contains("0.5 USD") && runs.errors.contains("2 turns without price"))
        #expect(try await Agentcorp.run("costs", "--by", "model", "--json").output.contains(#""name":"p/m""#))
        #expect(try await Agentcorp.run("costs", "--by", "day", "--until", "2h").errors.contains("no model"))
        #expect(try await Agentcorp.run("costs", "--by", "week").status == 2)
    }
}
