import TestSupport
import Testing

/// What memories take, and when it goes.
@Suite(.checkedDatabase)
struct MemoryKeepingTests {
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
        try await sql.remember("k", "1")
        try await sql.remember("k", "2")
        try await sql.remember("gone", "1")
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
        #expect(try await sql.remember("k", "3", "2") == "true|3|3")
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
}
