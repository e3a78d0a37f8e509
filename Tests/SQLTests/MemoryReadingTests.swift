import FoundationEssentials
import TestSupport
import Testing

/// Finding, listing, following and waiting for what was written to memories.
@Suite(.checkedDatabase)
struct MemoryReadingTests {
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

    @Test("search finds words of keys and values, ranked and bounded, in one memory only")
    func search() async throws {
        let sql = try await Session.open()
        try await sql.remember(
            "notes/rome", #"{"city": "Rome", "text": "The aqueducts of Rome carried water to Rome"}"#)
        try await sql.remember("notes/paris", #"{"text": "A day trip from Rome to Paris"}"#)
        try await sql.remember("aqueduct_list", #"["Segovia"]"#)
        try await sql.remember("gone", #""Rome""#)
        try await sql.remember("notes", #""Rome""#, of: "bob")
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

    @Test("a task waits for a version of a key as for any event, and a subscription sees each")
    func events() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run("select agentcorp.subscribe('s', 'memory.agent', 'seen')")
        try await sql.remember("k", "1")
        let task = try await sql.enqueue("'a', priority => 0")
        #expect(try await sql.claim(worker) == [task])
        #expect(try await sql.await(task, 1, "'e', 'memory.agent', 'ann/k@2'") == "")
        try await sql.finish(task, worker, "'suspended'")
        try await sql.remember("k", "2", "1")
        #expect(try await sql.state(task) == "ready")
        #expect(
            try await sql.rows(
                "select args #>> '{event,data,version}' || ' ' || (args #>> '{event,data,key}') from agentcorp.task where kind = 'seen' order by id"
            )
                == ["1 k", "2 k"])
        #expect(try await sql.remember("k", "3", "1").hasPrefix("false"))
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
        try await sql.remember("before", "1")
        var (position, seen) = try await changes("null")
        #expect(seen.isEmpty)
        try await slow.run("begin; select agentcorp.memory_set('agent', 'ann', 'slow', '1')")
        try await sql.remember("a", "1")
        try await sql.remember("a", "2")
        try await sql.remember("b", "1")
        try await sql.remember("c", "1", of: "bob")
        try await sql.run("select agentcorp.memory_delete('agent', 'ann', 'b')")
        (position, seen) = try await changes("'\(position)'")
        #expect(seen == ["a 2 2", "b 2 deleted"])
        try await slow.run("commit")
        (position, seen) = try await changes("'\(position)'")
        #expect(seen == ["slow 1 1"])
        try await sql.remember("d", "1")
        try await sql.remember("e", "1")
        #expect(try await changes("'\(position)'", ", 'e'").1 == ["e 1 1"])
        try await sql.refuses("select agentcorp.memory_changes('agent', 'ann', 'nonsense')", "AC007", hint: "reached")
    }

    @Test("keys are listed in their order, by prefix and in pages")
    func listing() async throws {
        let sql = try await Session.open()
        for key in ["b", "a/2", "a/10", "A", "ä", "a%", "a_"] { try await sql.remember(key, "1") }
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
