import FoundationEssentials
import TestSupport
import Testing

@Suite(.checkedDatabase)
struct MemoryTests {
    /// Writes a key of an agent's memory and returns `written|version|value`.
    @discardableResult
    private func set(_ sql: Session, _ key: String, _ value: String, _ more: String = "", of owner: String = "ann")
        async throws -> String
    {
        try await sql.value(
            "select * from agentcorp.memory_set('agent', '\(owner)', '\(key)', '\(value)'\(more.isEmpty ? "" : ", " + more))"
        )
    }

    private func get(_ sql: Session, _ key: String, of owner: String = "ann") async throws -> String {
        try await sql.value("select agentcorp.memory_get('agent', '\(owner)', '\(key)') ->> 'value'")
    }

    @Test("a key is written only in the version that was expected; who is late learns what is there")
    func compareAndSet() async throws {
        let sql = try await Session.open()
        #expect(try await set(sql, "k", "1", "0") == "true|1|1")
        #expect(try await set(sql, "k", "2", "0") == "false|1|1")
        #expect(try await set(sql, "k", "2", "1") == "true|2|2")
        #expect(try await set(sql, "k", "3", "1") == "false|2|2")
        #expect(try await set(sql, "k", "3", "3") == "false|2|2")
        #expect(try await set(sql, "k", "null") == "true|3|")
        #expect(try await set(sql, "other", "1", "5") == "false|0|")
        #expect(try await sql.value("select agentcorp.memory_get('agent', 'ann', 'other') is null") == "true")
        #expect(try await sql.value("select agentcorp.memory_get('agent', 'bob', 'k') is null") == "true")
    }

    @Test("of fifty who expect the same version one wins")
    func oneWinner() async throws {
        let sql = try await Session.open()
        try await set(sql, "k", "0")
        let wins = try await withThrowingTaskGroup(of: Bool.self) { tasks in
            for i in 1...50 {
                tasks.addTask { try await set(try await Session.open(), "k", "\(i)", "1").hasPrefix("true") }
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
                        try await set(sql, "count", "\(j)", "merge => 'counter'")
                        try await set(sql, "list", #"{"by": \#(i), "n": \#(j)}"#, "merge => 'append'")
                        try await set(sql, "union", "[\(i), \(j)]", "merge => 'union'")
                        try await set(sql, "max", "\(i * j)", "merge => 'max'")
                    }
                }
            }
            try await tasks.waitForAll()
        }
        let sql = try await Session.open()
        #expect(try await get(sql, "count") == "500")
        #expect(
            try await sql.int(
                "select count(distinct e) from agentcorp.memories m, jsonb_array_elements(m.value) e where key = 'list'"
            ) == 200)
        #expect(try await sql.int("select jsonb_array_length(value) from agentcorp.memories where key = 'union'") == 50)
        #expect(try await get(sql, "max") == "200")
        #expect(try await sql.int("select version from agentcorp.memories where key = 'max'") < 200)
    }

    @Test("each rule makes of a change what it says")
    func rules() async throws {
        let sql = try await Session.open()
        #expect(try await set(sql, "list", "[1]", "merge => 'append'") == "true|1|[[1]]")
        #expect(try await set(sql, "list", "null") == "true|2|[[1], null]")
        #expect(try await set(sql, "set", #"["a", "a", {"x": 1}]"#, "merge => 'union'") == #"true|1|["a", {"x": 1}]"#)
        #expect(try await set(sql, "set", #"[{"x": 1, "y": 2}, "a"]"#) == #"true|2|["a", {"x": 1}, {"x": 1, "y": 2}]"#)
        #expect(try await set(sql, "set", #""a""#) == #"true|2|["a", {"x": 1}, {"x": 1, "y": 2}]"#)
        #expect(try await set(sql, "n", "0.1", "merge => 'counter'") == "true|1|0.1")
        #expect(try await set(sql, "n", "0.2") == "true|2|0.3")
        #expect(try await set(sql, "n", "-1") == "true|3|-0.7")
        #expect(try await set(sql, "top", "9", "merge => 'max'") == "true|1|9")
        #expect(try await set(sql, "top", "10") == "true|2|10")
        #expect(try await set(sql, "top", "2") == "true|2|10")
        #expect(try await set(sql, "last", #""b""#, "merge => 'max'") == "true|1|b")
        #expect(try await set(sql, "last", #""B""#) == "true|1|b")
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
        #expect(try await set(sql, "n", "2") == "true|1|2")
        #expect(try await set(sql, "n", "2", "merge => 'counter'") == "true|2|4")
        try await sql.refuses(
            "select agentcorp.memory_set('agent', 'ann', 'n', '1', merge => 'set')", "AC009", "rule counter")
        try await sql.refuses("select agentcorp.memory_declare('agent', 'ann', 'n', 'append')", "AC009", hint: "Delete")
        try await sql.run("select agentcorp.memory_declare('agent', 'ann', 'n', 'counter')")
        #expect(try await sql.value("select * from agentcorp.memory_delete('agent', 'ann', 'n')") == "true|3")
        #expect(try await set(sql, "n", "1") == "true|4|1")
        try await sql.run(
            "select agentcorp.memory_delete('agent', 'ann', 'n'); select agentcorp.memory_declare('agent', 'ann', 'n', 'set')"
        )
        #expect(try await set(sql, "n", #""x""#) == "true|6|x")
        try await sql.refuses(
            "select agentcorp.memory_declare('agent', 'ann', 'n', 'sum')", "AC007", "sum", hint: "Use set")
        try await sql.refuses(
            "select agentcorp.memory_set('agent', 'ann', 'm', '1', merge => 'coutner')", "AC007", hint: "\"counter\"")
    }

    @Test("a deletion is a version; history tells all, the latest first, in pages")
    func history() async throws {
        let sql = try await Session.open()
        let task = try await sql.enqueue(#"'a', '{"user": "eve"}'"#)
        try await sql.run(
            "select agentcorp.memory_set('user', null, 'k', '[1]', merge => 'append', author_task => \(task))")
        try await sql.run(
            "select agentcorp.memory_set('user', 'eve', 'k', '2'); select agentcorp.memory_delete('user', 'eve', 'k', author_task => \(task))"
        )
        #expect(try await sql.value("select * from agentcorp.memory_delete('user', 'eve', 'k')") == "false|3")
        try await sql.run("select agentcorp.memory_set('user', 'eve', 'k', '3', 0)")
        #expect(try await sql.value("select * from agentcorp.memory_delete('user', 'eve', 'k', 2)") == "false|4")
        let columns = "select version, change, deleted, author from agentcorp.memory_history('user', 'eve', 'k'"
        #expect(
            try await sql.rows("\(columns))") == ["4|3|false|", "3||true|\(task)", "2|2|false|", "1|[1]|false|\(task)"])
        #expect(try await sql.rows("\(columns), before => 4, limit_to => 1)") == ["3||true|\(task)"])
        #expect(
            try await sql.value("select scope, owner, key, version, merge, value, author from agentcorp.memories")
                == "user|eve|k|4|append|[3]|")
    }

    @Test("a write with a key of its own counts once, however often it is repeated")
    func writeKeys() async throws {
        let sql = try await Session.open()
        for _ in 1...3 {
            #expect(try await set(sql, "n", "5", "merge => 'counter', write_key => 'call 1'") == "true|1|5")
        }
        #expect(try await set(sql, "n", "5", "write_key => 'call 2'") == "true|2|10")
        #expect(try await set(sql, "n", "5", "write_key => 'call 1', expected_version => 1") == "true|2|10")
        #expect(try await set(sql, "m", "5", "merge => 'counter', write_key => 'call 1'") == "true|1|5")
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
            try await set(sql, key, "1", "merge => '\(merge)', author_task => \(task)")
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
        try await set(sql, "k", "1")
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

    @Test("search finds words of keys and values, ranked and bounded, in one memory only")
    func search() async throws {
        let sql = try await Session.open()
        try await set(sql, "notes/rome", #"{"city": "Rome", "text": "The aqueducts of Rome carried water to Rome"}"#)
        try await set(sql, "notes/paris", #"{"text": "A day trip from Rome to Paris"}"#)
        try await set(sql, "aqueduct_list", #"["Segovia"]"#)
        try await set(sql, "gone", #""Rome""#)
        try await set(sql, "notes", #""Rome""#, of: "bob")
        try await sql.run("select agentcorp.memory_delete('agent', 'ann', 'gone')")
        func search(_ query: String, _ more: String = "") async throws -> [String] {
            try await sql.rows(
                "select key from agentcorp.memory_search('agent', 'ann', \(query)\(more.isEmpty ? "" : ", " + more))")
        }
        #expect(try await search("'rome'") == ["notes/rome", "notes/paris"])
        #expect(try await search("'rome'", "1") == ["notes/rome"])
        #expect(try await search("'rome -paris'") == ["notes/rome"])
        #expect(try await search("'\"day trip\"'") == ["notes/paris"])
        #expect(try await search("'paris or segovia'").count == 2)
        #expect(try await search("'aqueduct'") == ["aqueduct_list"])
        #expect(try await search("'aqueduct'", "config => 'english'").sorted() == ["aqueduct_list", "notes/rome"])
        for hostile in ["''", "'&|!()'", "'-'", "'\"'", "':*'", "'<->'"] { #expect(try await search(hostile).isEmpty) }
        #expect(
            try await sql.value("select excerpt from agentcorp.memory_search('agent', 'ann', 'segovia')").contains(
                "**Segovia**"))
        try await sql.refuses("select agentcorp.memory_search('agent', 'ann', 'x', 0)", "AC007")
    }

    @Test(
        "large values are blobs: whole for who gets them, left out of lists, and gone with the last version that has them"
    )
    func blobs() async throws {
        let sql = try await Session.open()
        let large = "to_jsonb((select string_agg(md5(\"i\"::text), ' ') from generate_series(1, 20000) \"i\"))"
        let root = try await sql.enqueue()
        let own = "'run', '\(root)'"
        try await sql.run("select agentcorp.memory_set(\(own), 'list', \(large), merge => 'append')")
        try await sql.run(
            "select agentcorp.memory_set(\(own), 'list', '1'); select agentcorp.memory_set(\(own), 'list', '2')")
        // The first element, and the list with three.
        #expect(try await sql.int("select count(*) from agentcorp.blob") == 2)
        #expect(try await sql.value("select length(agentcorp.memory_get(\(own), 'list') #>> '{value,0}')") == "659999")
        #expect(try await sql.value("select l ? 'value' from agentcorp.memory_list(\(own)) l") == "false")
        #expect(try await sql.value("select key, value from agentcorp.memory_search(\(own), md5('2'))") == "list|")
        #expect(try await sql.int("select agentcorp.prune_blobs(0::smallint)") == 0)
        try await sql.run("select agentcorp.memory_delete(\(own), 'list')")
        #expect(try await sql.int("select count(*) from agentcorp.blob") == 1)
        try await sql.run("alter database \(TestDatabase.current.name) set agentcorp.max_payload = '300 kB'")
        let other = try await Session.open()
        try await other.refuses("select agentcorp.memory_set(\(own), 'list', \(large))", "AC008", "memory values")
    }

    @Test("the memory of a run goes with its tree; others lose old versions and what was deleted long ago")
    func retention() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let root = try await sql.enqueue()
        try await sql.run("select agentcorp.set_retention('1 hour')")
        try await sql.run(
            "select agentcorp.memory_set('run', '\(root)', 'k', to_jsonb(repeat(md5(i::text), 20000))) from generate_series(1, 2) i"
        )
        try await set(sql, "k", "1")
        try await set(sql, "k", "2")
        try await set(sql, "gone", "1")
        try await sql.run("select agentcorp.memory_delete('agent', 'ann', 'gone')")
        #expect(try await sql.claim(worker) == [root])
        try await sql.finish(root, worker)
        try await sql.setClock("2 hours")
        #expect(try await sql.int("select tasks from agentcorp.prune(0::smallint)") == 1)
        #expect(
            try await sql.int("select count(*) from agentcorp.blob")
                + sql.int("select count(*) from agentcorp.blob_use") == 0)
        #expect(try await sql.rows("select owner, key from agentcorp.memories") == ["ann|k"])
        try await sql.refuses("select agentcorp.memory_set('run', '\(root)', 'k', '1')", "AC001")
        try await sql.setClock("91 days")
        while try await sql.value("select more from agentcorp.prune(0::smallint)") == "true" {}
        #expect(try await sql.rows("select key, version from agentcorp.memory") == ["k|2"])
        #expect(try await sql.rows("select version from agentcorp.memory_history('agent', 'ann', 'k')") == ["2"])
        #expect(try await set(sql, "k", "3", "2") == "true|3|3")
    }

    @Test("a run that is being pruned takes no more memory, and one that is written to is not pruned")
    func pruning() async throws {
        let sql = try await Session.open()
        let pruner = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run("select agentcorp.set_retention('0')")
        let first = try await sql.enqueue()
        let second = try await sql.enqueue()
        for task in try await sql.claim(worker, 2) { try await sql.finish(task, worker) }
        try await sql.run("begin; select agentcorp.memory_set('run', '\(first)', 'k', '1')")
        try await pruner.run("begin; set agentcorp.clock_offset = '1 s'")
        #expect(try await pruner.int("select tasks from agentcorp.prune(0::smallint)") == 1)
        try await sql.run("commit")
        async let refusal: Void = sql.refuses("select agentcorp.memory_set('run', '\(second)', 'k', '1')", "AC001")
        try await pruner.waitUntilBlocked(sql)
        try await pruner.run("commit")
        try await refusal
        #expect(try await sql.rows("select owner from agentcorp.memories") == ["\(first)"])
    }

    @Test("a task waits for a version of a key as for any event, and a subscription sees each")
    func events() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run("select agentcorp.subscribe('s', 'memory.agent', 'seen')")
        try await set(sql, "k", "1")
        let task = try await sql.enqueue("'a', priority => 0")
        #expect(try await sql.claim(worker) == [task])
        #expect(try await sql.await(task, 1, "'e', 'memory.agent', 'ann/k@2'") == "")
        try await sql.finish(task, worker, "'suspended'")
        try await set(sql, "k", "2", "1")
        #expect(try await sql.state(task) == "ready")
        #expect(
            try await sql.rows(
                "select args #>> '{event,data,version}' || ' ' || (args #>> '{event,data,key}') from agentcorp.task where kind = 'seen' order by id"
            )
                == ["1 k", "2 k"])
        #expect(try await set(sql, "k", "3", "1").hasPrefix("false"))
        #expect(try await sql.int("select count(*) from agentcorp.events") == 2)
    }

    @Test("who follows a memory sees every key that was committed, as it is now, however long its transaction took")
    func changes() async throws {
        let sql = try await Session.open()
        let slow = try await Session.open()
        func changes(_ since: String, _ more: String = "") async throws -> (String, [String]) {
            let rows = try await sql.rows(
                """
                select reached, (select string_agg(concat_ws(' ', c ->> 'key', c ->> 'version', coalesce(c ->> 'value', 'deleted')), ', ' order by c ->> 'key')
                    from jsonb_array_elements(changes) c) from agentcorp.memory_changes('agent', 'ann', \(since)\(more))
                """)
            let parts = rows[0].split(separator: "|", omittingEmptySubsequences: false).map(String.init)
            return (parts[0], parts[1].isEmpty ? [] : parts[1].components(separatedBy: ", "))
        }
        try await set(sql, "before", "1")
        var (position, seen) = try await changes("null")
        #expect(seen.isEmpty)
        try await slow.run("begin; select agentcorp.memory_set('agent', 'ann', 'slow', '1')")
        try await set(sql, "a", "1")
        try await set(sql, "a", "2")
        try await set(sql, "b", "1")
        try await set(sql, "c", "1", of: "bob")
        try await sql.run("select agentcorp.memory_delete('agent', 'ann', 'b')")
        (position, seen) = try await changes("'\(position)'")
        #expect(seen == ["a 2 2", "b 2 deleted"])
        try await slow.run("commit")
        (position, seen) = try await changes("'\(position)'")
        #expect(seen == ["slow 1 1"])
        try await set(sql, "d", "1")
        try await set(sql, "e", "1")
        #expect(try await changes("'\(position)'", ", 'e'").1 == ["e 1 1"])
        try await sql.refuses("select agentcorp.memory_changes('agent', 'ann', 'nonsense')", "AC007", hint: "reached")
    }

    @Test("keys are listed in their order, by prefix and in pages")
    func listing() async throws {
        let sql = try await Session.open()
        for key in ["b", "a/2", "a/10", "A", "ä", "a%", "a_"] { try await set(sql, key, "1") }
        func keys(_ more: String) async throws -> String {
            try await sql.rows("select l ->> 'key' from agentcorp.memory_list('agent', 'ann'\(more)) l").joined(
                separator: " ")
        }
        #expect(try await keys("") == "A a% a/10 a/2 a_ b ä")
        #expect(try await keys(", 'a/'") == "a/10 a/2")
        #expect(try await keys(", 'a%'") == "a%")
        #expect(try await keys(", '', 'a/2', 2") == "a_ b")
    }
}
