import TestSupport
import Testing

/// What is decided without asking, and what is not.
@Suite(.checkedDatabase)
struct ApprovalRuleTests {
    @Test("a rule decides what it says, and nothing beside it")
    func bounds() async throws {
        let run = try await AgentSession.begin()
        let sql = run.sql
        try await sql.run("select agentcorp.put_agent('other', '{\"model\": \"m\"}')")
        let another = try await sql.enqueue()
        // Each rule, and whether it decides the call terminal.run {"n": 0, "deep": {"a": 1}} of agent w.
        for (rule, decides) in [
            ("'terminal.run'", true), ("'terminal.*'", true), ("'*'", true), ("'terminal'", false),
            ("'terminal.r'", false),
            ("'terminal.run', agent => 'w'", true), ("'terminal.run', agent => 'other'", false),
            ("'terminal.run', run => \(run.task)", true), ("'terminal.run', run => \(another)", false),
            ("'terminal.run', args => '{\"n\": 0}'", true), ("'terminal.run', args => '{\"deep\": {\"a\": 1}}'", true),
            ("'terminal.run', args => '{\"n\": 1}'", false), ("'terminal.run', args => '{\"x\": null}'", false),
            ("'terminal.run', reason => 'tainted'", false), ("'terminal.run', expires => '1 hour'", true),
        ] {
            try await sql.run("begin")
            try await run.call("terminal.run")
            let id = try await sql.int("select agentcorp.add_approval_rule('approve', \(rule))")
            let decided = try await sql.value(
                "select coalesce(result ->> 'decision', 'asks') from \(sql.request(run, call: 0))")
            #expect(decided == (decides ? "approve" : "asks"), "\(rule)")
            if decides {
                #expect(try await sql.int("select rule_id from agentcorp.approvals") == id)
                #expect(try await sql.int("select decided from agentcorp.approval_rules where id = \(id)") == 1)
            }
            try await sql.run("rollback")
        }
    }

    @Test("an underscore or a percent sign in a rule means itself")
    func literal() async throws {
        let run = try await AgentSession.begin()
        try await run.call("a_b", "axb", "a%b")
        try await run.sql.run(
            "select agentcorp.add_approval_rule('approve', 'a_*'), agentcorp.add_approval_rule('approve', 'a%b')")
        for call in 0...2 { _ = try await run.sql.ask(run, call: call) }
        #expect(try await run.sql.states(ofCalls: run) == ["approved", "planned", "approved"])
    }

    @Test("a rule that is over, or was removed, decides nothing any more; what it has decided stands")
    func expires() async throws {
        let run = try await AgentSession.begin()
        let sql = run.sql
        try await run.call("t", "t", "t")
        let rule = try await sql.int(
            "select agentcorp.add_approval_rule('approve', 't', expires => '1 hour', created_by => 'ann')")
        _ = try await sql.ask(run, call: 0)
        try await sql.setClock("61 minutes")
        let open = try await sql.ask(run, call: 1)
        #expect(try await sql.states(ofCalls: run) == ["approved", "planned", "planned"])
        #expect(
            try await sql.rows("select decision, decided_by, rule_id from agentcorp.approvals order by id")
                == ["approve|ann|\(rule)", "||"])
        #expect(try await sql.value("select expired from agentcorp.approval_rules") == "true")
        #expect(try await sql.value("select agentcorp.remove_approval_rule(\(rule))") == "true")
        #expect(try await sql.value("select agentcorp.remove_approval_rule(\(rule))") == "false")
        #expect(try await sql.value("select state from agentcorp.start_call(\(run.task), 1, 1, 0)") == "started")
        // One that is made while people are asked decides when the task asks again.
        try await sql.run("select agentcorp.add_approval_rule('approve', 't')")
        #expect(try await sql.ask(run, call: 1) == open)
        #expect(try await sql.states(ofCalls: run) == ["started", "approved", "planned"])
    }

    @Test("where rules differ the call is rejected, and the agent is told")
    func rejection() async throws {
        let run = try await AgentSession.begin()
        try await run.call("t")
        try await run.sql.run(
            "select agentcorp.add_approval_rule('approve', 't'), agentcorp.add_approval_rule('reject', '*')")
        _ = try await run.sql.ask(run, call: 0)
        #expect(
            try await run.sql.value("select result ->> 'content' from agentcorp.tool_call")
                == "Calls like this one are refused here.")
    }

    @Test("a rule of somebody who may not decide decides nothing")
    func approvers() async throws {
        let run = try await AgentSession.begin()
        let sql = run.sql
        try await run.call("t")
        try await sql.run("select agentcorp.add_approval_rule('approve', 't', created_by => 'bob')")
        _ = try await sql.ask(run, call: 0, ", approvers => '{ann}'")
        #expect(try await sql.states(ofCalls: run) == ["planned"])
        try await sql.run("select agentcorp.add_approval_rule('approve', 't', created_by => 'ann')")
        _ = try await sql.ask(run, call: 0)
        #expect(try await sql.states(ofCalls: run) == ["approved"])
    }

    @Test(
        "decided for always, the rule is for the same tool and question, of the agent, the run or everybody",
        arguments: [("{}", "w|"), (#"{"scope": "run"}"#, "|1"), (#"{"scope": "tool", "args": {"n": 0}}"#, "|")])
    func always(_ always: String, _ bounds: String) async throws {
        let run = try await AgentSession.begin()
        let sql = run.sql
        try await run.call("t")
        let id = try await sql.ask(run, call: 0, reason: "tainted")
        let rule = try await sql.int("select agentcorp.decide(\(id), 'reject', 'ann', always => '\(always)')")
        #expect(
            try await sql.rows(
                "select id, decision, tool, reason, created_by, args, agent, run_id from agentcorp.approval_rules")
                == ["\(rule)|reject|t|tainted|ann|\(always.contains("args") ? #"{"n": 0}"# : "")|\(bounds)"])
    }

    @Test("what is no rule is refused, and then nothing is decided")
    func mistakes() async throws {
        let run = try await AgentSession.begin()
        let sql = run.sql
        try await run.call("t")
        let id = try await sql.ask(run, call: 0)
        for (always, words) in [
            (#"{"scope": "world"}"#, "always is not"), ("[]", "always is not"),
            (#"{"expires": "soon"}"#, "not an interval"),
            (#"{"expires": "-1 hour"}"#, "cannot hold"), (#"{"args": 7}"#, "not a JSON object"),
            (#"{"tool": "x"}"#, "tool"),
        ] {
            try await sql.refuses("select agentcorp.decide(\(id), 'approve', always => '\(always)')", "AC007", words)
        }
        #expect(try await sql.states(ofCalls: run) == ["planned"])
        for (rule, state, words) in [
            ("'edit', 't'", "AC007", "does not decide"), ("'approve', ''", "AC007", "neither a tool"),
            ("'approve', 'a*b'", "AC007", "neither a tool"), ("'approve', null", "AC007", "neither a tool"),
            ("'approve', E'a\\nb'", "AC007", "neither a tool"),
            ("'approve', 't', agent => 'v'", "AC001", "unknown agent"),
            ("'approve', 't', run => 99", "AC001", "unknown task"),
            ("'approve', 't', reason => 'ambiguous'", "AC007", "reason"),
            ("'approve', 't', expires => '1000 years'", "AC007", "cannot hold"),
        ] {
            try await sql.refuses("select agentcorp.add_approval_rule(\(rule))", state, words)
        }
        #expect(try await sql.int("select count(*) from agentcorp.approval_rule") == 0)
    }
}
