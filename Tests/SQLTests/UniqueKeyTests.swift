import TestSupport
import Testing

@Suite(.checkedDatabase)
struct UniqueKeyTests {
    @Test("while a task is open, its key returns it; once it has ended the key is free")
    func returns() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let first = try await sql.enqueue("'a', unique_key => 'k'")
        #expect(try await sql.enqueue("'b', unique_key => 'k'") == first)
        #expect(try await sql.claim(worker) == [first])
        #expect(try await sql.enqueue("'b', unique_key => 'k'") == first)
        try await sql.finish(first, worker, "'failed', delay => '1 hour'")
        #expect(try await sql.enqueue("'b', unique_key => 'k'") == first)
        try await sql.setClock("2 hours")
        try await sql.settle()
        #expect(try await sql.claim(worker) == [first])
        try await sql.finish(first, worker)
        let second = try await sql.enqueue("'b', unique_key => 'k'")
        #expect(second != first)
        #expect(try await sql.int("select count(*) from agentcorp.task") == 2)
    }

    @Test("reject says who holds the key")
    func rejects() async throws {
        let sql = try await Session.open()
        let first = try await sql.enqueue("'a', unique_key => 'k', on_conflict => 'reject'")
        try await sql.refuses(
            "select agentcorp.enqueue('a', unique_key => 'k', on_conflict => 'reject')", "AC004",
            "held by task \(first)", hint: "on_conflict")
    }

    @Test("replace withdraws the unclaimed holder and keeps its time; debounce moves the time")
    func replaces() async throws {
        let sql = try await Session.open()
        let first = try await sql.enqueue("'a', unique_key => 'k', run_at => '2100-01-01 00:00Z'")
        let second = try await sql.enqueue(
            "'b', unique_key => 'k', on_conflict => 'replace', run_at => '2100-01-02 00:00Z'")
        #expect(try await sql.state(first) == "cancelled")
        #expect(try await sql.value("select error ->> 'reason' from agentcorp.tasks where id = \(first)") == "replaced")
        #expect(
            try await sql.value("select run_at = '2100-01-01 00:00Z' from agentcorp.tasks where id = \(second)")
                == "true")
        let third = try await sql.enqueue(
            "'c', unique_key => 'k', on_conflict => 'debounce', run_at => '2100-01-03 00:00Z'")
        #expect(try await sql.state(second) == "cancelled")
        #expect(
            try await sql.value("select run_at = '2100-01-03 00:00Z' from agentcorp.tasks where id = \(third)")
                == "true")
        #expect(try await sql.enqueue("'d', unique_key => 'k'") == third)
    }

    @Test("a running holder goes on without the key when it is replaced")
    func replacesRunning() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let first = try await sql.enqueue("'a', unique_key => 'k'")
        #expect(try await sql.claim(worker) == [first])
        let second = try await sql.enqueue("'a', unique_key => 'k', on_conflict => 'replace'")
        #expect(second != first)
        #expect(try await sql.state(first) == "running")
        #expect(try await sql.finish(first, worker))
        #expect(try await sql.enqueue("'a', unique_key => 'k'") == second)
    }

    @Test("replacing a task between two attempts cancels the subtasks that it has added")
    func replacesParent() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let first = try await sql.enqueue("'a', unique_key => 'k'")
        #expect(try await sql.claim(worker) == [first])
        let child = try await sql.int("select agentcorp.add_subtask(\(first), 'child')")
        try await sql.finish(first, worker, "'failed'")
        #expect(try await sql.state(first) == "scheduled")
        try await sql.enqueue("'a', unique_key => 'k', on_conflict => 'replace'")
        #expect(try await sql.state(first) == "cancelled")
        #expect(try await sql.state(child) == "cancelled")
    }

    @Test("replacing a blocked task cancels it with its subtasks")
    func replacesBlocked() async throws {
        let sql = try await Session.open()
        let first = try await sql.int(
            "select agentcorp.enqueue_tree('{\"kind\":\"r\",\"subtasks\":[{\"kind\":\"c\"}]}', unique_key => 'k')")
        let second = try await sql.enqueue("'a', unique_key => 'k', on_conflict => 'replace'")
        #expect(try await sql.states(first) == ["r cancelled", "c cancelled"])
        #expect(try await sql.state(second) == "ready")
    }

    @Test("a tree has a unique key as a whole, and a retry takes it back or is refused")
    func tree() async throws {
        let sql = try await Session.open()
        let call = "agentcorp.enqueue_tree('{\"kind\":\"r\",\"subtasks\":[{\"kind\":\"c\"}]}', unique_key => 'k')"
        let first = try await sql.int("select \(call)")
        #expect(try await sql.int("select \(call)") == first)
        #expect(try await sql.int("select count(*) from agentcorp.task") == 2)
        try await sql.run("select agentcorp.cancel(\(first))")
        let second = try await sql.int("select \(call)")
        #expect(second != first)
        try await sql.refuses("select agentcorp.retry(\(first))", "AC004", "held by task \(second)")
        try await sql.run("select agentcorp.cancel(\(second))")
        #expect(try await sql.int("select agentcorp.retry(\(first))") == 2)
        #expect(try await sql.int("select \(call)") == first)
        try await sql.refuses(
            "select agentcorp.enqueue_tree('{\"kind\":\"r\"}', parent_id => \(first), unique_key => 'x')", "AC007",
            "unique_key")
    }

    @Test("a subtask's key returns the subtask to the same parent, and nobody else's task")
    func subtask() async throws {
        let sql = try await Session.open()
        let parent = try await sql.enqueue()
        let child = try await sql.enqueue("'c', parent_id => \(parent), unique_key => 'k'")
        #expect(try await sql.enqueue("'c', parent_id => \(parent), unique_key => 'k'") == child)
        #expect(try await sql.value("select remaining from agentcorp.blocked where task_id = \(parent)") == "1")
        let other = try await sql.enqueue()
        try await sql.refuses(
            "select agentcorp.enqueue('c', parent_id => \(other), unique_key => 'k')", "AC004",
            "not a subtask of \(other)", hint: "key of its own")
        #expect(try await sql.state(other) == "ready")
    }

    @Test("of two sessions with the same key one waits, and gets the other's task, or its own when the other gives up")
    func race() async throws {
        let one = try await Session.open()
        let two = try await Session.open()
        let watcher = try await Session.open()
        for ending in ["commit", "rollback"] {
            try await one.run("begin")
            let first = try await one.enqueue("'a', unique_key => '\(ending)'")
            async let second = two.enqueue("'a', unique_key => '\(ending)'")
            try await watcher.waitUntilBlocked(two)
            try await one.run(ending)
            #expect(try await (second == first) == (ending == "commit"))
        }
        #expect(try await one.int("select count(*) from agentcorp.task") == 2)
    }
}
