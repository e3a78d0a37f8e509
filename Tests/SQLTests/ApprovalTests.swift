import TestSupport
import Testing

/// Who may decide what, when, and what comes of it.
@Suite(.checkedDatabase)
struct ApprovalTests {
    @Test("a call runs with what a person has put in the place of its arguments; both are kept")
    func edit() async throws {
        let run = try await AgentSession.begin()
        let sql = run.sql
        try await run.call("t")
        let id = try await sql.ask(run, call: 0)
        try await sql.refuses("select agentcorp.decide(\(id), 'edit')", "AC007", "needs an edited value")
        try await sql.refuses("select agentcorp.decide(\(id), 'edit', edited => '[1]')", "AC007", "a JSON object")
        try await sql.refuses(
            "select agentcorp.decide(\(id), 'edit', edited => '{\"$blob\": {}}')", "AC007", "a JSON object")
        try await sql.refuses(
            "select agentcorp.decide(\(id), 'edit', edited => jsonb_build_object('a', repeat('x', 1048577)))", "AC008")
        try await sql.refuses(
            "select agentcorp.decide(\(id), 'approve', edited => '{}')", "AC007", "goes without an edited value")
        try await sql.decide("\(id), 'edit', 'ann', edited => '{\"n\": 7}'")
        #expect(
            try await sql.rows("select state, args, edited from agentcorp.tool_calls")
                == [#"approved|{"n": 0, "deep": {"a": 1}}|{"n": 7}"#])
        #expect(try await sql.value("select edited from agentcorp.approvals") == #"{"n": 7}"#)
        #expect(
            try await sql.value("select state || args from agentcorp.start_call(\(run.task), 1, 1, 0)")
                == #"started{"n": 7}"#)
        #expect(
            try await sql.value(
                "select c -> 'edited' from agentcorp.run_state(\(run.task)) s cross join jsonb_array_elements(s -> 'messages') m cross join jsonb_array_elements(nullif(m -> 'calls', 'null')) c"
            ) == #"{"n": 7}"#)
    }

    @Test("large arguments and values are edited, too")
    func large() async throws {
        let run = try await AgentSession.begin()
        let sql = run.sql
        try await run.call("t")
        let id = try await sql.ask(run, call: 0)
        try await sql.decide(
            "\(id), 'edit', edited => jsonb_build_object('a', (select string_agg(md5(i::text), '') from generate_series(1, 20000) i))"
        )
        #expect(
            try await sql.int("select length(args ->> 'a') from agentcorp.start_call(\(run.task), 1, 1, 0)") == 640_000)
        #expect(try await sql.int("select length(edited ->> 'a') from agentcorp.approvals") == 640_000)
    }

    @Test("what was decided about is what was shown: with another hash it is refused")
    func hash() async throws {
        let run = try await AgentSession.begin()
        let sql = run.sql
        try await run.call("t", "t")
        let first = try await sql.ask(run, call: 0)
        let second = try await sql.ask(run, call: 1)
        let hash = try await sql.value("select hash from agentcorp.approvals where id = \(first)")
        let other = try await sql.value("select hash from agentcorp.approvals where id = \(second)")
        #expect(hash.count == 64 && hash != other)
        try await sql.refuses(
            "select agentcorp.decide(\(first), 'approve', expected_hash => '\(other)')", "AC009",
            "is not about what was shown", hint: "approvals show \(first)")
        try await sql.refuses(
            "select agentcorp.decide(\(first), 'approve', expected_hash => '\(hash.prefix(7))')", "AC007", "too short")
        try await sql.decide("\(first), 'approve', expected_hash => upper('\(hash.prefix(8))')")
        // As nobody but the owner of the tables could do it.
        try await sql.run("update agentcorp.tool_call set args = '{\"n\": 99}' where idx = 1")
        try await sql.refuses("select agentcorp.decide(\(second), 'approve')", "AC009", "is not about what was shown")
        #expect(try await sql.states(ofCalls: run) == ["approved", "planned"])
    }

    @Test("only approvers decide, by name or by role")
    func approvers() async throws {
        let run = try await AgentSession.begin()
        let sql = run.sql
        try await run.call("t", "t")
        let first = try await sql.ask(run, call: 0, ", approvers => '{ann,ops}'")
        try await sql.refuses(
            "select agentcorp.decide(\(first), 'approve', 'bob')", "AC007", "\"bob\" may not decide approval \(first)",
            hint: "Its approvers are ann, ops.")
        try await sql.refuses("select agentcorp.decide(\(first), 'approve')", "AC007", "may not decide")
        try await sql.refuses(
            "select agentcorp.decide(\(first), 'approve', E'a\\nb')", "AC007", "not the name of a person")
        try await sql.decide("\(first), 'approve', 'ops'")
        let role = try await sql.value("select agentcorp.caller()")
        let second = try await sql.ask(run, call: 1, ", approvers => array['\(role)']")
        try await sql.decide("\(second), 'reject', 'bob'")
        #expect(
            try await sql.rows("select decision, decided_by from agentcorp.approvals order by id")
                == ["approve|ops", "reject|bob"])
    }

    @Test("what makes no sense is not asked")
    func mistakes() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        for (more, words) in [
            ("'{}'", "has a title and decisions"), ("'{sign}'", "has a title and decisions"), ("null", "has a title"),
            ("'{approve}', expires => '-1 s'", "cannot expire"), ("'{approve}', fallback => 'reject'", "time is over"),
            ("'{approve}', expires => '1 h', fallback => 'again'", "time is over"),
            ("'{approve}', approvers => array['a', null]", "approvers"),
            ("'{approve}', approvers => array['']", "name"),
        ] {
            try await sql.refuses(
                "select agentcorp.request_approval(\(task), 1, null, null, 'task', 't', \(more))", "AC007", words)
        }
        try await sql.refuses(
            "select agentcorp.request_approval(\(task), 2, null, null, 'task', 't', '{approve}')", "AC002")
        try await sql.refuses(
            "select agentcorp.request_approval(\(task), 1, 1, 0, 'policy', 't', '{approve}')", "AC001", "no tool call")
        try await sql.refuses("select agentcorp.decide(7, 'approve')", "AC001", hint: "approvals list")
        try await sql.refuses("select agentcorp.expire_approval(\(task), 1, 7)", "AC001")
    }

    @Test("a task is asked about once, whichever attempt asks, and gets its answer")
    func task() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        let more = "'{approve,edit,respond}', '{\"x\": 1}', expires => '1 hour'"
        let id = try await sql.ask(task, more)
        #expect(try await sql.await(task, 1, "'a', 'approval.decided', '\(id)', '1 hour'") == "")
        try await sql.finish(task, worker, "'suspended'")
        #expect(
            try await sql.rows("select state, tool, value, title, task_id from agentcorp.approvals")
                == [#"open||{"x": 1}|may it?|\#(task)"#])
        try await sql.refuses("select agentcorp.decide(\(id), 'reject')", "AC007", hint: "approve, edit, respond")
        try await sql.refuses("select agentcorp.decide(\(id), 'approve', always => '{}')", "AC007", "for always")
        try await sql.decide("\(id), 'edit', 'ann', 'rather so', '[2]'")
        #expect(try await sql.state(task) == "ready")
        #expect(try await sql.claim(worker) == [task])
        #expect(try await sql.ask(task, attempt: 2, more) == id)
        #expect(
            try await sql.rows(
                "select result ->> 'decision', result -> 'value', result ->> 'by', result ->> 'response', result ? 'at', result ? 'timed_out' from agentcorp.request_approval(\(task), 2, null, null, 'task', 'may it?', \(more))"
            ) == ["edit|[2]|ann|rather so|true|false"])
        try await sql.finish(task, worker)
        #expect(try await sql.int("select count(*) from agentcorp.approval") == 1)
    }

    @Test("when the time is over the fallback counts; who comes later is told")
    func fallback() async throws {
        let run = try await AgentSession.begin()
        let sql = run.sql
        try await run.call("t", "t", "t")
        let rejected = try await sql.ask(run, call: 0, ", expires => '1 hour', fallback => 'reject'")
        let approved = try await sql.ask(run, call: 1, ", expires => '1 hour', fallback => 'approve'")
        let none = try await sql.ask(run, call: 2, ", expires => '1 hour'")
        try await sql.setClock("61 minutes")
        #expect(try await sql.rows("select distinct state from agentcorp.approvals") == ["expired"])
        try await sql.refuses(
            "select agentcorp.decide(\(rejected), 'approve')", "AC009", "expired at",
            hint: "What counts now is \"reject\".")
        try await sql.refuses("select agentcorp.decide(\(none), 'approve')", "AC009", "expired at", hint: "fails now")
        let expire = { (id: Int) in
            try await sql.value(
                "select (e ->> 'decision') || (e ->> 'timed_out') from agentcorp.expire_approval(\(run.task), 1, \(id)) e"
            )
        }
        for _ in 0...1 {
            #expect(try await expire(rejected) == "rejecttrue")
            #expect(try await expire(approved) == "approvetrue")
            #expect(try await expire(none) == "expiredtrue")
        }
        try await sql.refuses("select agentcorp.decide(\(none), 'approve')", "AC009", "has expired")
        try await sql.refuses("select agentcorp.decide(\(approved), 'reject')", "AC009", "was decided: approve")
        #expect(
            try await sql.rows("select state, result ->> 'content' from agentcorp.tool_call order by idx")
                == ["rejected|Nobody has approved this call in time: it was not made.", "approved|", "planned|"])
    }

    @Test("a decision in the last moment stands, whatever the wait says")
    func lastMoment() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        let id = try await sql.ask(task, "'{approve,reject}', expires => '1 hour', fallback => 'reject'")
        try await sql.decide("\(id), 'approve', 'ann'")
        try await sql.setClock("2 hours")
        #expect(
            try await sql.value("select agentcorp.expire_approval(\(task), 1, \(id)) ->> 'decision'") == "approve")
        try await sql.finish(task, worker)
    }

    @Test("who retries a task whose time was over is asked anew; another decision stands")
    func retried() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let more = "'{approve,reject}', expires => '1 hour'"
        let task = try await sql.running(worker)
        let first = try await sql.ask(task, more)
        try await sql.setClock("2 hours")
        try await sql.run("select agentcorp.expire_approval(\(task), 1, \(first))")
        try await sql.finish(task, worker, "'failed', retry => false")
        try await sql.run("select agentcorp.retry(\(task))")
        #expect(try await sql.claim(worker) == [task])
        let attempt = try await sql.int("select max(attempt) + 1 from agentcorp.attempt where task_id = \(task)")
        let second = try await sql.ask(task, attempt: attempt, more)
        #expect(second != first)
        // Left undecided by a cancellation, and asked anew once the time is over.
        try await sql.run("select agentcorp.cancel(\(task))")
        #expect(try await sql.value("select state from agentcorp.approvals where id = \(second)") == "moot")
        try await sql.refuses("select agentcorp.decide(\(second), 'approve')", "AC009", "has ended")
        try await sql.setClock("4 hours")
        try await sql.run("select agentcorp.retry(\(task))")
        #expect(try await sql.claim(worker) == [task])
        let last = try await sql.int("select max(attempt) + 1 from agentcorp.attempt where task_id = \(task)")
        let third = try await sql.ask(task, attempt: last, more)
        #expect(third != second)
        #expect(
            try await sql.rows("select state from agentcorp.approvals order by id") == ["expired", "expired", "open"])
        try await sql.decide("\(third), 'approve'")
        #expect(try await sql.ask(task, attempt: last, more) == third)
        try await sql.finish(task, worker)
    }

    @Test("a call that has gone on without its decision cannot be decided any more")
    func goneOn() async throws {
        let run = try await AgentSession.begin()
        let sql = run.sql
        try await run.call("t")
        try await sql.run("select agentcorp.start_call(\(run.task), 1, 1, 0)")
        try await run.loseAndClaim()
        try await sql.run("select agentcorp.begin_run(\(run.task), 2, 'w', 1, '[]')")
        let id = try await sql.int(
            "select id from agentcorp.request_approval(\(run.task), 2, 1, 0, 'ambiguous', 'again?', '{again,fail}')")
        try await sql.refuses("select agentcorp.decide(\(id), 'again', always => '{}')", "AC007", "for always")
        try await sql.run("select agentcorp.settle_call(\(run.task), 2, 1, 0, true)")
        #expect(try await sql.value("select state from agentcorp.approvals") == "moot")
        try await sql.refuses("select agentcorp.decide(\(id), 'again')", "AC009", "waits no longer")
    }

    @Test(
        "an agent that asks about a call just after it was decided gets that decision, not a question that nobody can answer"
    )
    func decidedMeanwhile() async throws {
        let run = try await AgentSession.begin()
        let sql = run.sql
        try await run.call("t", "t")
        let first = try await sql.ask(run, call: 0)
        let second = try await sql.ask(run, call: 1)
        try await sql.decide("\(first), 'approve', 'ann'")
        try await sql.decide("\(second), 'respond', 'bob', 'not now'")
        #expect(
            try await sql.value("select id || (result ->> 'by') from \(sql.request(run, call: 0))") == "\(first)ann")
        #expect(
            try await sql.value("select id || (result ->> 'by') from \(sql.request(run, call: 1))") == "\(second)bob")
        #expect(try await sql.int("select count(*) from agentcorp.approval") == 2)
        #expect(try await sql.states(ofCalls: run) == ["approved", "succeeded"])
    }

    @Test("a call is never asked about twice at once, also for another reason, so that each question can be answered")
    func oneQuestion() async throws {
        let run = try await AgentSession.begin()
        let sql = run.sql
        try await run.call("t")
        let id = try await sql.ask(run, call: 0)
        #expect(try await sql.ask(run, call: 0, reason: "tainted") == id)
        try await sql.decide("\(id), 'approve'")
        #expect(try await sql.ask(run, call: 0, reason: "tainted") == id)
        #expect(try await sql.rows("select reason, state from agentcorp.approvals") == ["policy|decided"])
    }

    @Test("who is asked and what was decided are events")
    func events() async throws {
        let run = try await AgentSession.begin()
        let sql = run.sql
        try await run.call("t")
        try await sql.run("select agentcorp.subscribe('notify', 'approval.requested', 'notify')")
        let id = try await sql.ask(run, call: 0, ", approvers => '{ann}'")
        #expect(try await sql.ask(run, call: 0) == id)
        #expect(
            try await sql.rows(
                "select args #>> '{event,data,title}', args #>> '{event,data,tool}', args #> '{event,data,approvers}', args #> '{event,data,approval_id}' from agentcorp.task where kind = 'notify'"
            ) == [#"may it?|t|["ann"]|\#(id)"#])
        try await sql.decide("\(id), 'reject', 'ann'")
        #expect(
            try await sql.rows("select data from agentcorp.event where topic = 'approval.decided'")
                == [#"{"by": "ann", "task_id": \#(run.task), "decision": "reject", "approval_id": \#(id)}"#])
    }

    @Test("approvals and rules of a run go with it")
    func retention() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        let id = try await sql.ask(task)
        try await sql.decide("\(id), 'approve'")
        try await sql.run("select agentcorp.add_approval_rule('approve', 't', run => \(task))")
        try await sql.finish(task, worker)
        try await sql.run("select agentcorp.delete_trees(0::smallint, '{\(task)}', '{1}')")
        #expect(try await sql.int("select count(*) from agentcorp.approval") == 0)
        #expect(try await sql.int("select count(*) from agentcorp.approval_rule") == 0)
    }
}
