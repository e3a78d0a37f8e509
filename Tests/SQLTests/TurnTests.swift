import TestSupport
import Testing

@Suite(.checkedDatabase)
struct TurnTests {
    @Test("a turn is committed once, whoever asks again")
    func once() async throws {
        let run = try await AgentSession.begin()
        try await run.commit(1)
        try await run.commit(1)
        try await run.sql.refuses(run.commitSQL(1, text: "another"), "AC009", "turn 1 of task \(run.task) is committed")
        try await run.sql.refuses(run.commitSQL(3), "AC009", "turn 3 of task \(run.task) comes too early")
        try await run.sql.refuses(
            "select agentcorp.begin_turn(\(run.task), 1, 1, 'p', 'm', 0, 0)", "AC009",
            "turn 1 of task \(run.task) is committed")
        #expect(try await run.sql.value("select count(*) from agentcorp.message where role = 'assistant'") == "1")
    }

    @Test("a stale attempt commits no turn and starts no call")
    func stale() async throws {
        let run = try await AgentSession.begin()
        try await run.commit(1, calls: #"[{"id":"a","tool":"t","effect":"once","state":"planned","args":{}}]"#)
        try await run.loseAndClaim()
        for call in [
            run.commitSQL(2), "select agentcorp.start_call(\(run.task), 1, 1, 0)",
            "select agentcorp.add_note(\(run.task), 1, 1, '{}')",
            "select agentcorp.begin_turn(\(run.task), 1, 2, 'p', 'm', 0, 0)",
            "select agentcorp.request_approval(\(run.task), 1, 1, 0, 'policy', 't', '{approve}')",
            "select agentcorp.begin_run(\(run.task), 1, 'w', 1, '[]')",
        ] {
            try await run.sql.refuses(call, "AC002")
        }
    }

    @Test("the next turn waits for the results of all calls")
    func results() async throws {
        let run = try await AgentSession.begin()
        try await run.commit(1, calls: #"[{"id":"a","tool":"t","effect":"pure","state":"planned","args":{}}]"#)
        try await run.sql.refuses(run.commitSQL(2), "AC009", "comes too early", hint: "needs its result")
        try await run.sql.run(
            """
            select agentcorp.start_call(\(run.task), 1, 1, 0);
            select agentcorp.finish_call(\(run.task), 1, 1, 0, false, '{"content": "x", "is_error": false}');
            """)
        try await run.commit(2)
    }

    @Test("an interrupted call runs again by its effect: one that happens once does not")
    func interrupted() async throws {
        let run = try await AgentSession.begin()
        try await run.commit(
            1,
            calls: """
                [{"id":"a","tool":"t","effect":"pure","state":"planned","args":{}}, {"id":"b","tool":"t","effect":"idempotent","state":"planned","args":{}},
                 {"id":"c","tool":"t","effect":"once","state":"planned","args":{}}, {"id":"d","tool":"t","effect":"once","state":"planned","args":{}}]
                """)
        for index in 0...2 { try await run.sql.run("select agentcorp.start_call(\(run.task), 1, 1, \(index))") }
        try await run.loseAndClaim()
        try await run.sql.run("select agentcorp.begin_run(\(run.task), 2, 'w', 1, '[]')")
        #expect(
            try await run.sql.rows("select idx, state from agentcorp.tool_call order by idx")
                == ["0|planned", "1|planned", "2|ambiguous", "3|planned"])
        #expect(try await run.sql.value("select state from agentcorp.start_call(\(run.task), 2, 1, 2)") == "ambiguous")
        // The result of the attempt that was thought dead comes too late.
        try await run.sql.refuses(
            "select agentcorp.finish_call(\(run.task), 1, 1, 2, false, '{}')", "AC002", "not this attempt's any more")
        try await run.sql.run("select agentcorp.settle_call(\(run.task), 2, 1, 2, true)")
        #expect(try await run.sql.value("select state from agentcorp.start_call(\(run.task), 2, 1, 2)") == "started")
    }

    @Test("a result of a call is recorded even when the task was lost, as long as nobody has taken the call over")
    func lateResult() async throws {
        let run = try await AgentSession.begin()
        try await run.commit(1, calls: #"[{"id":"a","tool":"t","effect":"once","state":"planned","args":{}}]"#)
        try await run.sql.run("select agentcorp.start_call(\(run.task), 1, 1, 0)")
        try await run.loseAndClaim()
        try await run.sql.run(
            "select agentcorp.finish_call(\(run.task), 1, 1, 0, false, '{\"content\": \"done\", \"is_error\": false}')")
        try await run.sql.run("select agentcorp.begin_run(\(run.task), 2, 'w', 1, '[]')")
        #expect(try await run.sql.value("select state from agentcorp.tool_call") == "succeeded")
    }

    @Test("a model call under way when its attempt died is charged as it was reserved, once")
    func lostReservation() async throws {
        let run = try await AgentSession.begin(budget: #"{"usd": 1, "tokens": 5000}"#)
        #expect(
            try await run.sql.value(
                "select granted from agentcorp.begin_turn(\(run.task), 1, 1, 'p', 'm', 0.4, 1000)") == "true")
        try await run.loseAndClaim()
        try await run.sql.run("select agentcorp.begin_run(\(run.task), 2, 'w', 1, '[]')")
        try await run.sql.run("select agentcorp.begin_run(\(run.task), 2, 'w', 1, '[]')")
        #expect(
            try await run.sql.rows("select usd_spent, usd_reserved, tokens_spent from agentcorp.budgets")
                == ["0.4|0|1000"])
        #expect(
            try await run.sql.rows(
                "select granted, reason from agentcorp.begin_turn(\(run.task), 2, 1, 'p', 'm', 0.7, 1000)")
                == ["false|usd"])
    }

    @Test("a decision lets a call run, refuses it, or answers in its place; only once, and only what was offered")
    func decisions() async throws {
        let run = try await AgentSession.begin()
        try await run.commit(
            1,
            calls: """
                [{"id":"a","tool":"t","effect":"once","state":"planned","args":{}}, {"id":"b","tool":"t","effect":"once","state":"planned","args":{}},
                 {"id":"c","tool":"t","effect":"once","state":"planned","args":{}}]
                """)
        var ids: [Int] = []
        for index in 0...2 {
            let call =
                "agentcorp.request_approval(\(run.task), 1, 1, \(index), 'policy', 'may it?', '{approve,reject,respond}')"
            ids.append(try await run.sql.int("select id from \(call)"))
            #expect(try await run.sql.int("select id from \(call)") == ids[index])
        }
        try await run.sql.refuses(
            "select agentcorp.decide(\(ids[0]), 'maybe')", "AC007", hint: "approve, reject, respond")
        try await run.sql.refuses("select agentcorp.decide(\(ids[0]), 'respond')", "AC007", "needs a response")
        try await run.sql.refuses("select agentcorp.decide(99, 'approve')", "AC001")
        try await run.sql.run(
            """
            select agentcorp.decide(\(ids[0]), 'approve', 'ann'); select agentcorp.decide(\(ids[1]), 'reject', 'ann', 'too dear');
            select agentcorp.decide(\(ids[2]), 'respond', 'ann', 'it is 7');
            """)
        try await run.sql.refuses("select agentcorp.decide(\(ids[0]), 'approve')", "AC009", "was decided: approve")
        #expect(
            try await run.sql.rows(
                "select state, result ->> 'content', result ->> 'is_error' from agentcorp.tool_call order by idx")
                == ["approved||", "rejected|A person has refused this call. too dear|true", "succeeded|it is 7|false"])
        #expect(
            try await run.sql.value(
                "select data ->> 'decision' from agentcorp.event where topic = 'approval.decided' and key = '\(ids[1])'"
            )
                == "reject")
    }

    @Test("a summary stands for what it covers, and a cleared session forgets")
    func forgetting() async throws {
        let run = try await AgentSession.begin(session: "s")
        try await run.commit(1)
        try await run.sql.run(
            "select agentcorp.add_summary(\(run.task), 1, 1, 2, '\"so far\"'); select agentcorp.add_summary(\(run.task), 1, 1, 2, '\"again\"')"
        )
        try await run.commit(2)
        let roles =
            "select m ->> 'role' from agentcorp.run_state(\(run.task)) s cross join jsonb_array_elements(s -> 'messages') m"
        #expect(try await run.sql.rows(roles) == ["summary", "assistant"])
        #expect(
            try await run.sql.rows("select role from agentcorp.session_messages('s')") == [
                "user", "assistant", "summary", "assistant",
            ])
        // A second summary stands for the first, too.
        try await run.sql.run("select agentcorp.add_summary(\(run.task), 1, 2, 3, '\"and so on\"')")
        #expect(try await run.sql.rows(roles) == ["summary", "assistant"])
        try await run.sql.run("select agentcorp.clear_session('s')")
        #expect(try await run.sql.rows(roles) == ["summary", "assistant"], "it is at work")
        try await run.end()
        try await run.sql.run("select agentcorp.clear_session('s')")
        #expect(try await run.sql.rows(roles) == [])
        #expect(try await run.sql.int("select count(*) from agentcorp.session_messages('s')") == 5)
        try await run.sql.refuses("select agentcorp.clear_session('t')", "AC001", "unknown session \"t\"")
    }

    @Test("a fork of a session begins with its messages and goes on by itself")
    func fork() async throws {
        let run = try await AgentSession.begin(session: "s")
        try await run.commit(1)
        try await run.sql.run("select agentcorp.fork_session('s', 't', 1); select agentcorp.fork_session('s', 'u')")
        try await run.sql.refuses("select agentcorp.fork_session('s', 'u')", "AC004")
        try await run.sql.refuses("select agentcorp.fork_session('s', 'v', 9)", "AC001")
        try await run.commit(2)
        #expect(
            try await run.sql.rows("select name, messages, forked_from from agentcorp.sessions order by 1")
                == ["s|3|", "t|1|s", "u|2|s"])
    }

    @Test("the tree of a session is kept until the session is removed, a task without one goes with its rows")
    func retention() async throws {
        let run = try await AgentSession.begin(session: "s")
        try await run.commit(1)
        try await run.sql.refuses("select agentcorp.remove_session('s')", "AC009")
        try await run.end()
        let other = try await AgentSession.begin(on: run.sql)
        try await other.commit(1)
        try await other.end()
        let tables = ["agent_run", "turn", "message", "conversation", "task"]
        func counts() async throws -> [Int] {
            var counts: [Int] = []
            for table in tables { counts.append(try await run.sql.int("select count(*) from agentcorp.\(table)")) }
            return counts
        }
        try await run.sql.setClock("30 days")
        try await run.sql.run("select agentcorp.prune_trees(0::smallint)")
        #expect(try await counts() == [1, 1, 2, 1, 1])
        try await run.sql.run("select agentcorp.remove_session('s'); update agentcorp.sweep set reached = 0")
        try await run.sql.run("select agentcorp.prune_trees(0::smallint)")
        #expect(try await counts() == [0, 0, 0, 0, 0])
    }

    @Test("the key of a call is a UUID that tells task, turn and index apart")
    func keys() async throws {
        let sql = try await Session.open()
        #expect(
            try await sql.value(
                "select count(distinct agentcorp.call_key(t, u, i)) from generate_series(1, 20) t, generate_series(1, 20) u, generate_series(0, 19) i"
            )
                == "8000")
        #expect(
            try await sql.value(
                "select bool_and(agentcorp.call_key(t, 1, 0)::text ~ '^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$') from generate_series(1, 100) t"
            )
                == "true")
    }

    @Test("ask refuses an agent that is not there and an empty prompt")
    func ask() async throws {
        let sql = try await Session.open()
        try await sql.refuses("select agentcorp.ask('nobody', 'x')", "AC001", "nobody")
        try await sql.run("select agentcorp.put_agent('w', '{\"model\": \"m\"}')")
        try await sql.refuses("select agentcorp.ask('w', '')", "AC007", "the prompt is empty")
        try await sql.refuses("select agentcorp.ask('w', 'x', session => E'a\\nb')", "AC007", "session")
        let task = try await sql.int("select agentcorp.ask('w', 'x', session => 's')")
        #expect(
            try await sql.rows(
                "select kind, args ->> 'prompt', concurrency_key, ordered_key from agentcorp.task where id = \(task)")
                == ["agent|x|agent:w|session:s"])
    }

    @Test("a note of each kind is said once after a turn")
    func notes() async throws {
        let run = try await AgentSession.begin()
        try await run.commit(1)
        for kind in ["repair", "forced", "repair", "forced"] {
            try await run.sql.run("select agentcorp.add_note(\(run.task), 1, 1, '{\"kind\": \"\(kind)\"}')")
        }
        #expect(
            try await run.sql.rows("select content ->> 'kind' from agentcorp.message where role = 'note' order by seq")
                == ["repair", "forced"])
    }
}
