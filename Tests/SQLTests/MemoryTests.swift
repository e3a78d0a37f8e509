import TestSupport
import Testing

/// Writing to memories: versions, rules, races, and who may.
@Suite(.checkedDatabase)
struct MemoryTests {
    @Test("a key is written only in the version that was expected; who is late learns what is there")
    func compareAndSet() async throws {
        let sql = try await Session.open()
        #expect(try await sql.remember("k", "1", "0") == "true|1|1")
        #expect(try await sql.remember("k", "2", "0") == "false|1|1")
        #expect(try await sql.remember("k", "2", "1") == "true|2|2")
        #expect(try await sql.remember("k", "3", "1") == "false|2|2")
        #expect(try await sql.remember("k", "3", "3") == "false|2|2")
        #expect(try await sql.remember("k", "null") == "true|3|")
        #expect(try await sql.remember("other", "1", "5") == "false|0|")
        #expect(try await sql.value("select agentcorp.memory_get('agent', 'ann', 'other') is null") == "true")
        #expect(try await sql.value("select agentcorp.memory_get('agent', 'bob', 'k') is null") == "true")
    }

    @Test("of fifty who expect the same version one wins")
    func oneWinner() async throws {
        let sql = try await Session.open()
        try await sql.remember("k", "0")
        let wins = try await withThrowingTaskGroup(of: Bool.self) { tasks in
            for i in 1...50 {
                tasks.addTask { try await Session.open().remember("k", "\(i)", "1").hasPrefix("true") }
            }
            return try await tasks.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(wins == 1)
        #expect(try await sql.int("select count(*) from agentcorp.memory_version") == 2)
    }

    @Test("fifty who count, append and add to a set at once lose nothing")
    func manyWriters() async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for i in 1...50 {
                tasks.addTask {
                    let sql = try await Session.open()
                    for j in 1...4 {
                        try await sql.remember("count", "\(j)", "merge => 'counter'")
                        try await sql.remember("list", #"{"by": \#(i), "n": \#(j)}"#, "merge => 'append'")
                        try await sql.remember("union", "[\(i), \(j)]", "merge => 'union'")
                        try await sql.remember("max", "\(i * j)", "merge => 'max'")
                    }
                }
            }
            try await tasks.waitForAll()
        }
        let sql = try await Session.open()
        #expect(try await sql.recall("count") == "500")
        #expect(
            try await sql.int(
                "select count(distinct e) from agentcorp.memories m, jsonb_array_elements(m.value) e where key = 'list'"
            ) == 200)
        #expect(try await sql.int("select jsonb_array_length(value) from agentcorp.memories where key = 'union'") == 50)
        #expect(try await sql.recall("max") == "200")
        #expect(try await sql.int("select version from agentcorp.memories where key = 'max'") < 200)
    }

    @Test("each rule makes of a change what it says")
    func rules() async throws {
        let sql = try await Session.open()
        #expect(try await sql.remember("list", "[1]", "merge => 'append'") == "true|1|[[1]]")
        #expect(try await sql.remember("list", "null") == "true|2|[[1], null]")
        #expect(
            try await sql.remember("set", #"["a", "a", {"x": 1}]"#, "merge => 'union'") == #"true|1|["a", {"x": 1}]"#)
        #expect(
            try await sql.remember("set", #"[{"x": 1, "y": 2}, "a"]"#) == #"true|2|["a", {"x": 1}, {"x": 1, "y": 2}]"#)
        #expect(try await sql.remember("set", #""a""#) == #"true|2|["a", {"x": 1}, {"x": 1, "y": 2}]"#)
        #expect(try await sql.remember("n", "0.1", "merge => 'counter'") == "true|1|0.1")
        #expect(try await sql.remember("n", "0.2") == "true|2|0.3")
        #expect(try await sql.remember("n", "-1") == "true|3|-0.7")
        #expect(try await sql.remember("top", "9", "merge => 'max'") == "true|1|9")
        #expect(try await sql.remember("top", "10") == "true|2|10")
        #expect(try await sql.remember("top", "2") == "true|2|10")
        #expect(try await sql.remember("last", #""b""#, "merge => 'max'") == "true|1|b")
        #expect(try await sql.remember("last", #""B""#) == "true|1|b")
        for (key, value) in [
            ("n", #""1""#), ("n", "[1]"), ("n", "null"), ("top", #""z""#), ("last", "[]"), ("top", "null"),
        ] {
            try await sql.refuses("select agentcorp.memory_set('agent', 'ann', '\(key)', '\(value)')", "AC007")
        }
    }

    @Test("the first write or a declaration says the rule; another one is refused as long as there is a value")
    func declaring() async throws {
        let sql = try await Session.open()
        try await sql.run("select agentcorp.memory_declare('agent', 'ann', 'n', 'counter')")
        #expect(try await sql.value("select agentcorp.memory_get('agent', 'ann', 'n') is null") == "true")
        #expect(try await sql.remember("n", "2") == "true|1|2")
        #expect(try await sql.remember("n", "2", "merge => 'counter'") == "true|2|4")
        try await sql.refuses(
            "select agentcorp.memory_set('agent', 'ann', 'n', '1', merge => 'set')", "AC009", "rule counter")
        try await sql.refuses("select agentcorp.memory_declare('agent', 'ann', 'n', 'append')", "AC009", hint: "Delete")
        try await sql.run("select agentcorp.memory_declare('agent', 'ann', 'n', 'counter')")
        #expect(try await sql.value("select * from agentcorp.memory_delete('agent', 'ann', 'n')") == "true|3")
        #expect(try await sql.remember("n", "1") == "true|4|1")
        try await sql.run(
            "select agentcorp.memory_delete('agent', 'ann', 'n'); select agentcorp.memory_declare('agent', 'ann', 'n', 'set')"
        )
        #expect(try await sql.remember("n", #""x""#) == "true|6|x")
        try await sql.refuses(
            "select agentcorp.memory_declare('agent', 'ann', 'n', 'sum')", "AC007", "sum", hint: "Use set")
        try await sql.refuses(
            "select agentcorp.memory_set('agent', 'ann', 'm', '1', merge => 'coutner')", "AC007", hint: "\"counter\"")
    }

    @Test("a write with a key of its own counts once, however often it is repeated")
    func writeKeys() async throws {
        let sql = try await Session.open()
        for _ in 1...3 {
            #expect(try await sql.remember("n", "5", "merge => 'counter', write_key => 'call 1'") == "true|1|5")
        }
        #expect(try await sql.remember("n", "5", "write_key => 'call 2'") == "true|2|10")
        #expect(try await sql.remember("n", "5", "write_key => 'call 1', expected_version => 1") == "true|2|10")
        #expect(try await sql.remember("m", "5", "merge => 'counter', write_key => 'call 1'") == "true|1|5")
        try await sql.refuses("select agentcorp.memory_set('agent', 'ann', 'n', '1', write_key => '')", "AC007")
    }

    @Test("a task sees the memory of its run, its agent and its user, and the global one; no other")
    func visibility() async throws {
        let sql = try await Session.open()
        let root = try await sql.tree(#"{"kind":"a","args":{"user":"eve"},"subtasks":[{"kind":"a"}]}"#)
        let (task, other) = (root + 1, try await sql.enqueue())
        try await sql.run(
            "insert into agentcorp.agent_run (task_id, conversation_id, started_at, version, shard, agent) values (\(task), 1, now(), 1, 0, 'ann')"
        )
        func write(_ scope: String, _ owner: String?, by author: Int) -> String {
            "select agentcorp.memory_set('\(scope)', \(owner.map { "'\($0)'" } ?? "null"), 'k', '1', author_task => \(author))"
        }
        for (scope, owner) in [
            ("run", "\(root)"), ("run", "\(task)"), ("run", nil), ("agent", "ann"), ("agent", nil), ("user", "eve"),
            ("user", nil), ("global", nil), ("global", ""),
        ] {
            try await sql.run(write(scope, owner, by: task))
        }
        #expect(
            try await sql.rows("select scope, owner, version from agentcorp.memories order by 1, 2")
                == ["agent|ann|2", "global||2", "run|\(root)|3", "user|eve|2"])
        for (scope, owner) in [("run", "\(other)"), ("agent", "bob"), ("user", "joe")] {
            try await sql.refuses(write(scope, owner, by: task), "42501", "may not use", hint: "Its own")
            for call in [
                "memory_get('\(scope)', '\(owner)', 'k'", "memory_list('\(scope)', '\(owner)'",
                "memory_search('\(scope)', '\(owner)', 'k'",
                "memory_history('\(scope)', '\(owner)', 'k'", "memory_changes('\(scope)', '\(owner)'",
            ] {
                try await sql.refuses("select agentcorp.\(call), as_task => \(task))", "42501")
            }
            try await sql.refuses(
                "select agentcorp.memory_delete('\(scope)', '\(owner)', 'k', author_task => \(task))", "42501")
            try await sql.refuses(
                "select agentcorp.memory_declare('\(scope)', '\(owner)', 'k', 'set', author_task => \(task))", "42501")
        }
        // A task of no agent and of no user has none of those.
        for scope in ["agent", "user"] {
            try await sql.refuses(write(scope, "ann", by: other), "42501", hint: "belongs to no \(scope)")
        }
        try await sql.refuses(write("agent", nil, by: other), "AC007")
        try await sql.run("delete from agentcorp.agent_run")
    }

    @Test("what a tainted run writes is tainted, until an untainted one replaces it; a list stays so")
    func tainted() async throws {
        let sql = try await Session.open()
        let (clean, tainted) = (try await sql.enqueue(), try await sql.enqueue())
        try await sql.run(
            """
            insert into agentcorp.agent_run (task_id, conversation_id, started_at, version, shard, tainted, agent)
                values (\(clean), 1, now(), 1, 0, false, 'ann'), (\(tainted), 2, now(), 1, 0, true, 'ann')
            """)
        func write(_ key: String, by task: Int, _ merge: String) async throws -> String {
            try await sql.remember(key, "1", "merge => '\(merge)', author_task => \(task)")
            return try await sql.value(
                "select tainted from agentcorp.memory_search('agent', null, '\(key)', as_task => \(clean))")
        }
        #expect(try await write("plan", by: tainted, "set") == "true")
        #expect(try await write("plan", by: clean, "set") == "false")
        #expect(try await write("list", by: clean, "append") == "false")
        #expect(try await write("list", by: tainted, "append") == "true")
        #expect(try await write("list", by: clean, "append") == "true")
        #expect(try await sql.value("select agentcorp.memory_get('agent', 'ann', 'list') ->> 'tainted'") == "true")
        try await sql.run("select agentcorp.memory_delete('agent', 'ann', 'list')")
        #expect(try await write("list", by: clean, "append") == "false")
        try await sql.run("delete from agentcorp.agent_run")
    }

    @Test("a task that works for no user and no agent finds nothing in theirs")
    func nobody() async throws {
        let sql = try await Session.open()
        let task = try await sql.enqueue()
        try await sql.remember("k", "1")
        for scope in ["user", "agent"] {
            #expect(
                try await sql.value("select agentcorp.memory_get('\(scope)', null, 'k', \(task)) is null") == "true")
            #expect(try await sql.rows("select agentcorp.memory_list('\(scope)', null, as_task => \(task))").isEmpty)
            #expect(
                try await sql.rows("select agentcorp.memory_search('\(scope)', null, 'k', as_task => \(task))").isEmpty)
            #expect(
                try await sql.rows("select agentcorp.memory_history('\(scope)', null, 'k', as_task => \(task))").isEmpty
            )
        }
    }

    @Test("what is no scope, no owner and no key is refused with advice")
    func refusals() async throws {
        let sql = try await Session.open()
        for (scope, owner, key, hint) in [
            ("'agnet'", "'ann'", "'k'", "did you mean \"agent\"?"), ("null", "'ann'", "'k'", "Use run"),
            ("'agent'", "null", "'k'", "Name the agent"),
            ("'agent'", "''", "'k'", "Name the agent"), ("'run'", "'ann'", "'k'", "id of a task"),
            ("'run'", "'-1'", "'k'", "id of a task"),
            ("'run'", "'99999999999999999999'", "'k'", "id of a task"),
            ("'global'", "'ann'", "'k'", "Leave the owner out"), ("'agent'", "'ann'", "''", "Use 1 to 500"),
            ("'agent'", "'ann'", "null", "Use 1 to 500"), ("'agent'", "'ann'", "e'a\\nb'", "Use 1 to 500"),
            ("'agent'", "'ann'", "repeat('k', 501)", "Use 1 to 500"),
            ("'agent'", "repeat('k', 201)", "'k'", "200 bytes"), ("'agent'", "e'a\\tb'", "'k'", "200 bytes"),
        ] {
            try await sql.refuses("select agentcorp.memory_set(\(scope), \(owner), \(key), '1')", "AC007", hint: hint)
        }
        try await sql.refuses("select agentcorp.memory_set('run', '99', 'k', '1')", "AC001", "unknown task 99")
        try await sql.refuses("select agentcorp.memory_set('agent', 'ann', 'k', null)", "AC007", hint: "memory_delete")
        try await sql.refuses("select agentcorp.memory_set('agent', 'ann', 'k', '{\"$blob\": {}}')", "AC007", "$blob")
        #expect(try await sql.int("select count(*) from agentcorp.memories") == 0)
    }
}
