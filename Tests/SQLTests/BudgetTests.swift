import TestSupport
import Testing

@Suite(.checkedDatabase)
struct BudgetTests {
    /// A root, its subtask, and a subtask of that.
    private func family(_ sql: Session) async throws -> (root: Int, middle: Int, leaf: Int) {
        let root = try await sql.tree(#"{"kind":"a","subtasks":[{"kind":"a","subtasks":[{"kind":"a"}]}]}"#)
        return (root, root + 1, root + 2)
    }

    @Test("a call is reserved in the budgets of its task and of all above, and settled in all of them")
    func inherited() async throws {
        let sql = try await Session.open()
        let (root, middle, leaf) = try await family(sql)
        try await sql.setBudget(root, "usd => 1, tokens => 1000, turns => 3")
        try await sql.setBudget(leaf, "usd => 0.5")
        #expect(try await sql.reserve(leaf, 1, usd: "0.4", tokens: 100) == "granted")
        #expect(
            try await sql.rows(
                "select task_id, usd_reserved, tokens_reserved, turns_reserved from agentcorp.budgets order by 1") == [
                    "\(root)|0.4|100|1", "\(leaf)|0.4|100|1",
                ])
        #expect(
            try await sql.value("select usd, tokens, turns, time_left from agentcorp.budget_left(\(leaf))")
                == "0.1|900|2|")
        #expect(
            try await sql.value("select usd, tokens, turns, time_left from agentcorp.budget_left(\(middle))")
                == "0.6|900|2|")
        #expect(try await sql.settle(leaf, 1, usd: "0.25", tokens: "60"))
        #expect(
            try await sql.rows(
                "select task_id, usd_spent, usd_reserved, tokens_spent, tokens_reserved, turns_spent, turns_reserved from agentcorp.budgets order by 1"
            )
                == ["\(root)|0.25|0|60|0|1|0", "\(leaf)|0.25|0|60|0|1|0"])
        #expect(try await sql.settle(leaf, 1, usd: "9") == false)
        // What only the root limits.
        #expect(try await sql.reserve(middle, 1, usd: "0.7") == "granted")
        #expect(try await sql.reserve(root, 1, usd: "0.06") == "usd \(root) later")
        #expect(try await sql.unreserve(middle, 1))
        #expect(try await sql.reserve(root, 1, usd: "0.76") == "usd \(root)")
        #expect(try await sql.reserve(root, 1, usd: "0.75") == "granted")
        #expect(try await sql.budget(leaf, "usd_spent + usd_reserved") == "0.25")
    }

    @Test("each limit refuses by its name: for ever what will never fit, for now what is only reserved")
    func reasons() async throws {
        let sql = try await Session.open()
        let (root, _, leaf) = try await family(sql)
        try await sql.setBudget(root, "usd => 1, tokens => 100, turns => 2, time_limit => '1 hour'")
        #expect(try await sql.reserve(leaf, 1, usd: "1.01") == "usd \(root)")
        #expect(try await sql.reserve(leaf, 1, tokens: 101) == "tokens \(root)")
        #expect(try await sql.reserve(leaf, 1, usd: "0.6", tokens: 60) == "granted")
        #expect(try await sql.reserve(leaf, 2, usd: "0.4", tokens: 41) == "tokens \(root) later")
        #expect(try await sql.reserve(leaf, 2, usd: "0.41", tokens: 40) == "usd \(root) later")
        #expect(try await sql.reserve(leaf, 2, usd: "0.4", tokens: 40) == "granted")
        #expect(try await sql.reserve(leaf, 3, usd: "0", tokens: 0) == "turns \(root) later")
        try await sql.settle(leaf, 1)
        try await sql.settle(leaf, 2, usd: "0", tokens: "0")
        #expect(try await sql.reserve(leaf, 3, usd: "0", tokens: 0) == "turns \(root)")
        try await sql.setClock("2 hours")
        #expect(try await sql.reserve(leaf, 3, usd: "0", tokens: 0) == "time \(root)")
        #expect(try await sql.value("select time_left from agentcorp.budget_left(\(leaf))") == "00:00:00")
        // A tighter budget below is what refuses for good, before one above that is only full for now.
        let (other, _, tight) = try await family(sql)
        try await sql.setBudget(other, "turns => 1")
        try await sql.setBudget(tight, "usd => 0.05")
        #expect(try await sql.reserve(other, 1) == "granted")
        #expect(try await sql.reserve(tight, 1) == "usd \(tight)")
    }

    @Test("a provider that bills more than was estimated is recorded as it is, and nothing more is granted")
    func overbilled() async throws {
        let sql = try await Session.open()
        let task = try await sql.enqueue()
        try await sql.setBudget(task, "usd => 1, tokens => 100")
        #expect(try await sql.reserve(task, 1, usd: "0.5", tokens: 50) == "granted")
        try await sql.settle(task, 1, usd: "1.5", tokens: "20")
        #expect(try await sql.budget(task, "usd_spent") == "1.5")
        #expect(try await sql.reserve(task, 2, usd: "0", tokens: 1) == "usd \(task)")
        #expect(try await sql.reserve(task, 2, usd: "null", tokens: 1) == "usd \(task)")
        #expect(try await sql.value("select usd, tokens from agentcorp.budget_left(\(task))") == "0|80")
        try await sql.setBudget(task, "usd => 2, tokens => 100")
        #expect(try await sql.reserve(task, 2, usd: "0.5", tokens: 1) == "granted")
    }

    @Test("without a price, a budget in USD needs a limit of tokens beside it")
    func unpriced() async throws {
        let sql = try await Session.open()
        let task = try await sql.enqueue()
        #expect(try await sql.reserve(task, 1, usd: "null") == "granted")
        try await sql.settle(task, 1)
        try await sql.setBudget(task, "usd => 1")
        #expect(try await sql.reserve(task, 2, usd: "null") == "unpriced \(task)")
        try await sql.setBudget(task, "tokens => 100")
        #expect(try await sql.reserve(task, 2, usd: "null", tokens: 60) == "granted")
        try await sql.setBudget(task, "usd => 1, tokens => 100")
        try await sql.settle(task, 2, tokens: "70")
        #expect(try await sql.budget(task, "concat_ws(' ', usd_spent, tokens_spent, unpriced)") == "0 70 1")
        #expect(try await sql.reserve(task, 3, usd: "null", tokens: 31) == "tokens \(task)")
        // What turns out to have a price counts.
        #expect(try await sql.reserve(task, 3, usd: "null", tokens: 30) == "granted")
        try await sql.settle(task, 3, usd: "0.9", tokens: "30")
        #expect(try await sql.budget(task, "concat_ws(' ', usd_spent, tokens_spent, unpriced)") == "0.9 100 1")
    }

    @Test("what an attempt leaves behind is charged in full, by the next attempt or the sweeper")
    func lost() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.enqueue()
        try await sql.setBudget(task, "usd => 1, turns => 10")
        #expect(try await sql.claim(worker) == [task])
        #expect(try await sql.reserve(task, 1, usd: "0.3") == "granted")
        #expect(try await sql.int("select agentcorp.sweep_reservations(0::smallint)") == 0)
        try await sql.finish(task, worker, "'snoozed', delay => '0'")
        try await sql.settle()
        #expect(try await sql.reserve(task, 1, usd: "0.1", attempt: 2) == "granted")
        #expect(try await sql.budget(task, "concat_ws(' ', usd_spent, usd_reserved, turns_spent)") == "0.3 0.1 1")
        #expect(try await sql.settle(task, 1, usd: "0.05"))
        #expect(try await sql.reserve(task, 2, usd: "null", tokens: 5, attempt: 2) == "unpriced \(task)")
        #expect(try await sql.reserve(task, 2, usd: "0.2", attempt: 2) == "granted")
        #expect(try await sql.claim(worker) == [task])
        try await sql.finish(task, worker, "'failed', retry => false")
        #expect(try await sql.int("select agentcorp.sweep_reservations(0::smallint)") == 1)
        #expect(try await sql.budget(task, "concat_ws(' ', usd_spent, usd_reserved, turns_spent)") == "0.55 0 3")
        #expect(try await sql.settle(task, 2) == false)
    }

    @Test("the same call reserved twice is one; another under its number is refused until it is settled")
    func repeated() async throws {
        let sql = try await Session.open()
        let task = try await sql.enqueue()
        try await sql.setBudget(task, "turns => 5")
        #expect(try await sql.reserve(task, 1) == "granted")
        #expect(try await sql.reserve(task, 1) == "granted")
        #expect(try await sql.budget(task, "turns_reserved") == "1")
        for other in ["1, 1, 'p', 'other'", "1, 1, 'q', 'm'", "0, 1, 'p', 'm'"] {
            try await sql.refuses(
                "select agentcorp.reserve(0::smallint, \(task), \(other), 0, 0)", "AC009", "reserved", hint: "Settle")
        }
        #expect(try await sql.unreserve(task, 1))
        #expect(try await sql.unreserve(task, 1) == false)
        #expect(try await sql.reserve(task, 1, model: "other") == "granted")
    }

    @Test("a bill that is no amount counts as was estimated")
    func nonsense() async throws {
        let sql = try await Session.open()
        let task = try await sql.enqueue()
        try await sql.setBudget(task, "usd => 100")
        for (seq, bill) in [(1, "-1"), (2, "'NaN'"), (3, "'Infinity'"), (4, "1e30")] {
            #expect(try await sql.reserve(task, seq, usd: "2") == "granted")
            try await sql.settle(task, seq, usd: bill, tokens: "-5")
        }
        #expect(try await sql.budget(task, "concat_ws(' ', usd_spent, tokens_spent)") == "8 40")
        for estimate in ["-0.1, 1", "'NaN', 1", "1e12, 1", "1, -1", "1, null", "1, 9000000000000000000"] {
            try await sql.refuses(
                "select agentcorp.reserve(0::smallint, \(task), 1, 9, 'p', 'm', \(estimate))", "AC007", "estimate")
        }
        try await sql.refuses("select agentcorp.reserve(0::smallint, \(task), 1, 9, 'p', '*', 1, 1)", "AC007", "model")
    }

    @Test("a budget is replaced, lowered below what is spent, removed under a call, and set for what has ended")
    func changes() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let (root, _, leaf) = try await family(sql)
        try await sql.setBudget(root, "usd => 1")
        try await sql.setBudget(leaf, "usd => 1")
        #expect(try await sql.reserve(leaf, 1, usd: "0.8") == "granted")
        try await sql.setBudget(root, "usd => 0.5")
        #expect(try await sql.reserve(root, 1, usd: "0") == "usd \(root) later")
        #expect(try await sql.value("select agentcorp.remove_budget(\(leaf))") == "true")
        #expect(try await sql.value("select agentcorp.remove_budget(\(leaf))") == "false")
        try await sql.setBudget(leaf, "usd => 3")
        try await sql.settle(leaf, 1, usd: "0.7")
        #expect(
            try await sql.rows("select task_id, usd_spent, usd_reserved from agentcorp.budgets order by 1") == [
                "\(root)|0.7|0", "\(leaf)|0|0",
            ])
        try await sql.run("select agentcorp.cancel(\(root))")
        try await sql.setBudget(root, "usd => 5")
        #expect(try await sql.claim(worker, 5) == [])
        try await sql.refuses("select agentcorp.set_budget(999, 1)", "AC001", hint: "tasks list")
        try await sql.refuses("select agentcorp.budget_left(999)", "AC001")
        try await sql.refuses("select agentcorp.set_budget(\(root))", "AC007", "limits nothing", hint: "remove_budget")
        for limit in [
            "usd => -1", "usd => 'NaN'", "tokens => -1", "turns => -1", "time_limit => '-1 s'",
            "time_limit => '1000 years'",
        ] {
            try await sql.refuses("select agentcorp.set_budget(\(root), \(limit))", "AC007")
        }
    }

    @Test("an enqueuer of a tenant sets the budgets of its own tasks only")
    func tenants() async throws {
        let sql = try await Session.open()
        let own = try await sql.enqueue("'a', tenant => 'acme'")
        let foreign = try await sql.enqueue("'a', tenant => 'other'")
        try await sql.withRole("in role agentcorp_enqueuer") { role in
            try await sql.run(
                "select agentcorp.enable_tenant_isolation(), agentcorp.set_tenant('\(role)', 'acme'); set role \(role)")
            try await sql.run(
                "select agentcorp.set_budget(\(own), 1), agentcorp.budget_left(\(own)), agentcorp.remove_budget(\(own))"
            )
            for call in ["set_budget(\(foreign), 1)", "budget_left(\(foreign))", "remove_budget(\(foreign))"] {
                try await sql.refuses("select agentcorp.\(call)", "AC001")
            }
            try await sql.run("reset role; select agentcorp.disable_tenant_isolation()")
        }
    }

    @Test("costs are summed by run, agent, model, provider and day; what has no price is counted and not summed")
    func costs() async throws {
        let sql = try await Session.open()
        let (root, _, leaf) = try await family(sql)
        let other = try await sql.enqueue("'a', name => 'other'")
        try await sql.run(
            """
            insert into agentcorp.agent_run (task_id, conversation_id, started_at, version, shard, agent)
                values (\(leaf), 1, '2026-01-01', 1, 0, 'ann'), (\(other), 2, '2026-01-01', 1, 0, 'bob');
            insert into agentcorp.turn (task_id, started_at, finished_at, seq, input_tokens, output_tokens, cache_read_tokens, attempt, shard, cost_usd, provider, model, finish, request_hash, response)
                values (\(leaf), '2026-01-01', '2026-01-01 23:30+00', 1, 100, 10, 50, 1, 0, 0.5, 'p', 'm', 'stop', '', '{}'),
                    (\(leaf), '2026-01-01', '2026-01-02 00:30+00', 2, 200, 20, null, 1, 0, null, 'p', 'new', 'stop', '', '{}'),
                    (\(root), '2026-01-01', '2026-01-02 00:30+00', 1, 1, 1, null, 1, 0, 0.25, 'p', 'm', 'stop', '', '{}'),
                    (\(other), '2026-01-01', '2026-01-03 00:30+00', 1, 7, null, null, 1, 0, null, 'q', 'm', 'stop', '', '{}');
            """)
        func costs(_ arguments: String) async throws -> [String] {
            try await sql.rows(
                "select name, label, turns, input_tokens, output_tokens, cache_read_tokens, usd, unpriced from agentcorp.costs(\(arguments))"
            )
        }
        #expect(try await costs("") == ["\(root)|a|3|301|31|50|0.75|1", "\(other)|other|1|7||||1"])
        #expect(try await costs("'agent'") == ["ann||2|300|30|50|0.5|1", "||1|1|1||0.25|0", "bob||1|7||||1"])
        #expect(try await costs("'model'") == ["p/m||2|101|11|50|0.75|0", "p/new||1|200|20|||1", "q/m||1|7||||1"])
        #expect(try await costs("'provider'") == ["p||3|301|31|50|0.75|1", "q||1|7||||1"])
        #expect(
            try await costs("'day'") == [
                "2026-01-03||1|7||||1", "2026-01-02||2|201|21||0.25|1", "2026-01-01||1|100|10|50|0.5|0",
            ])
        #expect(try await costs("'day', '2026-01-02', '2026-01-03'") == ["2026-01-02||2|201|21||0.25|1"])
        #expect(try await costs("'run', limit_to => 1").count == 1)
        try await sql.refuses("select agentcorp.costs('modle')", "AC007", hint: "did you mean \"model\"?")
        try await sql.run("delete from agentcorp.turn; delete from agentcorp.agent_run")
    }
}
