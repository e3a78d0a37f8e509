import TestSupport
import Testing

@Suite(.checkedDatabase)
struct AgentPoolTests {
    /// Puts an agent; `version changed`.
    private func put(_ sql: Session, _ name: String, _ config: String, price: String = "null") async throws -> String {
        try await sql.value(
            "select concat_ws(' ', version, changed) from agentcorp.put_agent('\(name)', '\(config)', \(price))")
    }

    private func pick(_ sql: Session, _ arguments: String) async throws -> String {
        try await sql.value("select agentcorp.pick_agent(\(arguments))")
    }

    @discardableResult
    private func enqueue(_ sql: Session, agent: String) async throws -> Int {
        try await sql.enqueue("'a', concurrency_key => agentcorp.agent_key('\(agent)')")
    }

    @Test("the same configuration is the same version, whatever the order of its fields; another one is the next")
    func versions() async throws {
        let sql = try await Session.open()
        try await sql.refuses(
            "select agentcorp.agent_config('ada')", "AC001", "unknown agent", hint: "The pool is empty")
        #expect(try await put(sql, "ada", #"{"role":"coder","model":"m"}"#) == "1 t")
        #expect(try await put(sql, "ada", #"{"model": "m", "role": "coder", "name": "ada"}"#) == "1 f")
        #expect(try await put(sql, "ada", #"{"role":"coder","model":"n"}"#) == "2 t")
        #expect(try await put(sql, "ada", #"{"role":"coder","model":"m"}"#) == "1 t")
        #expect(try await put(sql, "ada", #"{"role":"coder","model":"o"}"#) == "3 t")
        #expect(
            try await sql.rows(
                "select version, is_current, config ->> 'model' from agentcorp.agent_versions order by 1")
                == ["1|false|m", "2|false|n", "3|true|o"])
        #expect(
            try await sql.rows("select version, config ->> 'model' m from agentcorp.agent_config('ada')") == ["3|o"])
        #expect(
            try await sql.rows("select version, config ->> 'model' m from agentcorp.agent_config('ada', 1)") == ["1|m"])
        try await sql.refuses("select agentcorp.agent_config('ada', 4)", "AC001", "no version 4", hint: "1 to 3")
        try await sql.refuses("select agentcorp.agent_config('adda')", "AC001", "unknown agent", hint: "\"ada\"")
    }

    @Test("a price is a hint: it changes the version that there is")
    func prices() async throws {
        let sql = try await Session.open()
        #expect(try await put(sql, "ada", "{}", price: "2.5") == "1 t")
        #expect(try await put(sql, "ada", "{}", price: "3") == "1 f")
        #expect(try await put(sql, "ada", "{}") == "1 f")
        #expect(try await sql.value("select price from agentcorp.agents") == "3")
    }

    @Test("a folder is put into the pool as a whole or not at all; a dry run tells the same and writes nothing")
    func folders() async throws {
        let sql = try await Session.open()
        _ = try await put(sql, "ada", #"{"model":"m"}"#)
        _ = try await put(sql, "bob", #"{"model":"m"}"#)
        let folder = """
            '[{"config": {"name": "eve"}, "price": 1}, {"config": {"name": "bob", "model": "n"}}, {"config": {"name": "ada", "model": "m"}}]'
            """
        let changes = ["ada|1|unchanged", "bob|2|changed", "eve|1|new"]
        #expect(try await sql.rows("select * from agentcorp.put_agents(\(folder), dry_run => true)") == changes)
        #expect(try await sql.rows("select name, version from agentcorp.agents order by 1") == ["ada|1", "bob|1"])
        #expect(try await sql.int("select count(*) from agentcorp.agent") == 2)
        try await sql.refuses(
            #"select agentcorp.put_agents('[{"config": {"name": "new"}}, {"config": {"name": "bad", "skills": 1}}]')"#,
            "AC007", "\"bad\"")
        try await sql.refuses(
            #"select agentcorp.put_agents('[{"config": {"name": "a"}}, {"config": {"name": "a"}}]')"#, "AC007", "twice")
        try await sql.refuses(#"select agentcorp.put_agents('[{"config": {}}]')"#, "AC007", "/0")
        try await sql.refuses(
            #"select agentcorp.put_agents('[{"config": {"name": "a"}, "prize": 1}]')"#, "AC007", "prize", hint: "price")
        try await sql.refuses("select agentcorp.put_agents('{}')", "AC007", "array")
        #expect(try await sql.int("select count(*) from agentcorp.agents") == 2)
        #expect(try await sql.rows("select * from agentcorp.put_agents(\(folder))") == changes)
        #expect(
            try await sql.rows("select name, version from agentcorp.agents order by 1") == ["ada|1", "bob|2", "eve|1"])
    }

    @Test("an agent that was removed is gone for new tasks, and comes back with its old version")
    func removal() async throws {
        let sql = try await Session.open()
        _ = try await put(sql, "ada", #"{"role":"coder"}"#)
        try await sql.run("select agentcorp.remove_agent('ada')")
        #expect(try await sql.rows("select * from agentcorp.agents").isEmpty)
        try await sql.refuses("select agentcorp.pick_agent('coder')", "AC001", hint: "No agent")
        try await sql.refuses("select agentcorp.agent_config('ada')", "AC001", "removed")
        try await sql.refuses("select agentcorp.remove_agent('ada')", "AC001", "removed")
        #expect(try await sql.value("select version from agentcorp.agent_config('ada', 1)") == "1")
        #expect(try await put(sql, "ada", #"{"role":"coder"}"#) == "1 t")
        #expect(try await pick(sql, "'coder'") == "ada")
    }

    @Test("an agent is chosen by role and all skills that are asked for")
    func fitting() async throws {
        let sql = try await Session.open()
        _ = try await put(sql, "ada", #"{"role":"coder","skills":["swift","sql"]}"#)
        _ = try await put(sql, "bob", #"{"role":"coder","skills":["swift"]}"#)
        _ = try await put(sql, "eve", #"{"role":"writer","skills":["swift","prose"]}"#)
        #expect(try await pick(sql, "'coder'") == "ada")
        #expect(try await pick(sql, "'coder', '{sql,swift}'") == "ada")
        #expect(try await pick(sql, "'writer', '{}'") == "eve")
        #expect(try await pick(sql, "null, '{prose}'") == "eve")
        try await sql.refuses(
            "select agentcorp.pick_agent('codr')", "AC001", "role \"codr\"",
            hint: "did you mean \"coder\"? Roles: coder, writer.")
        try await sql.refuses(
            "select agentcorp.pick_agent('coder', '{prose}')", "AC001", "skills prose",
            hint: "Skills of role coder: sql, swift.")
        try await sql.refuses("select agentcorp.pick_agent('coder', '{SQLL}')", "AC001", hint: "did you mean \"sql\"?")
        try await sql.refuses("select agentcorp.pick_agent(null, null)", "AC007", hint: "Name a role")
        try await sql.refuses(
            "select agentcorp.pick_agent('coder', pick => 'cheapst')", "AC007", hint: "did you mean \"cheapest\"")
    }

    @Test(
        "the least busy agent is the one with the fewest tasks for what it may do at once; the first by name among equals"
    )
    func leastBusy() async throws {
        let sql = try await Session.open()
        _ = try await put(sql, "ada", #"{"role":"r","max_concurrency":2}"#)
        _ = try await put(sql, "bob", #"{"role":"r","max_concurrency":10}"#)
        #expect(try await pick(sql, "'r'") == "ada")
        try await enqueue(sql, agent: "ada")
        #expect(try await pick(sql, "'r'") == "bob")
        for _ in 1...6 { try await enqueue(sql, agent: "bob") }
        #expect(try await pick(sql, "'r'") == "ada")
        try await enqueue(sql, agent: "ada")
        try await enqueue(sql, agent: "ada")
        // Three of two against six of ten: in line, and the same once they have been admitted.
        #expect(try await pick(sql, "'r'") == "bob")
        #expect(try await sql.rows("select name, busy from agentcorp.agents order by 1") == ["ada|3", "bob|6"])
        try await sql.run("select agentcorp.admit(0::smallint)")
        #expect(try await sql.int("select count(*) from agentcorp.slot") == 8)
        #expect(try await sql.rows("select name, busy from agentcorp.agents order by 1") == ["ada|3", "bob|6"])
        let worker = try await sql.worker()
        let claimed = try await sql.claim(worker, 100)
        #expect(claimed.count == 8)
        #expect(try await pick(sql, "'r'") == "bob")
        for task in claimed { try await sql.finish(task, worker) }
        #expect(try await sql.rows("select name, busy from agentcorp.agents order by 1") == ["ada|1", "bob|0"])
    }

    @Test("the cheapest agent has the lowest price; one without is the last")
    func cheapest() async throws {
        let sql = try await Session.open()
        _ = try await put(sql, "ada", #"{"role":"r"}"#)
        #expect(try await pick(sql, "'r', pick => 'cheapest'") == "ada")
        _ = try await put(sql, "bob", #"{"role":"r"}"#, price: "2")
        _ = try await put(sql, "cid", #"{"role":"r"}"#, price: "0.5")
        _ = try await put(sql, "dan", #"{"role":"r"}"#, price: "0.5")
        #expect(try await pick(sql, "'r', pick => 'cheapest'") == "cid")
    }

    @Test("max_concurrency holds for the whole fleet, follows the configuration, and its absence is no limit")
    func concurrency() async throws {
        let sql = try await Session.open()
        _ = try await put(sql, "ada", #"{"max_concurrency":2}"#)
        for _ in 1...5 { try await enqueue(sql, agent: "ada") }
        try await sql.run("select agentcorp.admit(0::smallint)")
        let worker = try await sql.worker()
        #expect(try await sql.claim(worker, 10).count == 2)
        _ = try await put(sql, "ada", #"{"max_concurrency":3}"#)
        try await sql.run("select agentcorp.admit(0::smallint)")
        #expect(try await sql.claim(worker, 10).count == 1)
        _ = try await put(sql, "ada", "{}")
        #expect(try await sql.rows("select key from agentcorp.limits") == ["agent:*"])
        try await sql.run(
            "select agentcorp.sweep_slots(0::smallint); select agentcorp.admit(0::smallint)")
        #expect(try await sql.claim(worker, 10).count == 2)
    }

    @Test(
        "a limit that was set by hand stays until the configuration changes; removal leaves it to the tasks that there are"
    )
    func limitsByHand() async throws {
        let sql = try await Session.open()
        let limit = "select concurrency from agentcorp.limits where key = 'agent:ada'"
        _ = try await put(sql, "ada", #"{"max_concurrency":2}"#)
        try await sql.run("select agentcorp.set_limit(key => 'agent:ada', concurrency => 7)")
        try await sql.run("select agentcorp.set_limit(key => 'agent:*', concurrency => 5)")
        _ = try await put(sql, "ada", #"{"max_concurrency":2}"#)
        #expect(try await sql.value(limit) == "7")
        try await sql.run("select agentcorp.remove_agent('ada')")
        #expect(try await sql.value(limit) == "7")
        _ = try await put(sql, "ada", #"{"max_concurrency":2,"model":"m"}"#)
        #expect(try await sql.value(limit) == "2")
        #expect(try await sql.value("select concurrency from agentcorp.limits where key = 'agent:*'") == "5")
    }

    @Test(
        "what no agent may be is refused, with what to do",
        arguments: [
            (#"'', '{}'"#, "AC007", "not valid"), (#"null, '{}'"#, "AC007", "not valid"),
            (#"'all*', '{}'"#, "AC007", "not valid"), (#"' a', '{}'"#, "AC007", "not valid"),
            (#"e'a\nb', '{}'"#, "AC007", "not valid"), (#"repeat('a', 101), '{}'"#, "AC007", "not valid"),
            (#"'a', '[]'"#, "AC007", "not a JSON object"), (#"'a', null"#, "AC007", "not a JSON object"),
            (#"'a', '{"name": "b"}'"#, "AC007", "that of \"b\""),
            (#"'a', '{"max_concurrency": 0}'"#, "AC007", "max_concurrency 0"),
            (#"'a', '{"max_concurrency": 1.5}'"#, "AC007", "max_concurrency 1.5"),
            (#"'a', '{"max_concurrency": "2"}'"#, "AC007", "max_concurrency"),
            (#"'a', '{"role": ""}'"#, "AC007", "role"), (#"'a', '{"role": ["x"]}'"#, "AC007", "role"),
            (#"'a', '{"skills": "swift"}'"#, "AC007", "skills"), (#"'a', '{"skills": [1]}'"#, "AC007", "skills"),
            (#"'a', '{}', -1"#, "AC007", "price"), (#"'a', '{}', 'NaN'"#, "AC007", "price"),
            (#"'a', jsonb_build_object('system_prompt', repeat('x', 1048577))"#, "AC008", "1024 KiB"),
        ])
    func refusals(arguments: String, state: String, message: String) async throws {
        let sql = try await Session.open()
        try await sql.refuses("select agentcorp.put_agent(\(arguments))", state, message)
        #expect(try await sql.int("select count(*) from agentcorp.agent") == 0)
    }

    @Test("no key gets into the database, wherever it stands; words about keys do")
    func keys() async throws {
        let sql = try await Session.open()
        for config in [
            #"{"api_key":"k"}"#, #"{"OPENAI_API_KEY":"k"}"#, #"{"provider_settings":[{"x-api-key":"k"}]}"#,
            #"{"headers":{"Authorization":"Bearer k"}}"#, #"{"apiKey":{"value":"k"}}"#, #"{"a":{"password":"k"}}"#,
        ] {
            try await sql.refuses(
                "select agentcorp.put_agent('a', '\(config)')", "AC007", "holds a key", hint: "environment")
        }
        #expect(try await put(sql, "a", #"{"system_prompt":"Look for \"api_key\": \"..\""}"#) == "1 t")
        #expect(try await put(sql, "c", #"{"output_schema":{"properties":{"password":{"type":"string"}}}}"#) == "1 t")
        #expect(try await put(sql, "b", #"{"budget":{"tokens":5},"max_output_tokens":5}"#) == "1 t")
    }

    @Test("two who put the same agent at once get the same version")
    func race() async throws {
        let one = try await Session.open()
        let two = try await Session.open()
        try await one.run("begin")
        #expect(try await put(one, "ada", "{}") == "1 t")
        async let other = put(two, "ada", "{}")
        try await one.waitUntilBlocked(two)
        try await one.run("commit")
        #expect(try await other == "1 f")
    }

    @Test("producers and workers choose among agents, workers read their prompts, and neither changes them")
    func permissions() async throws {
        let sql = try await Session.open()
        _ = try await put(sql, "ada", #"{"role":"coder"}"#)
        for (role, call, isAllowed) in [
            ("enqueuer", "pick_agent('coder')", true), ("worker", "pick_agent('coder')", true),
            ("worker", "agent_config('ada')", true), ("enqueuer", "agent_config('ada')", false),
            ("worker", "put_agent('ada', '{}')", false), ("enqueuer", "remove_agent('ada')", false),
            ("admin", "put_agent('bob', '{}')", true), ("admin", "remove_agent('ada')", true),
        ] {
            try await sql.run("set role agentcorp_\(role)")
            if isAllowed {
                try await sql.run("select agentcorp.\(call)")
            } else {
                try await sql.refuses("select agentcorp.\(call)", "42501")
            }
            try await sql.run("reset role")
        }
        try await sql.run("set role agentcorp_reader")
        #expect(try await sql.rows("select name, busy from agentcorp.agents") == ["bob|0"])
        try await sql.run("reset role")
    }
}
