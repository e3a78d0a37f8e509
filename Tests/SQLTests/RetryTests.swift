import TestSupport
import Testing

@Suite(.checkedDatabase)
struct RetryTests {
    private let json = """
        {"kind":"r","subtasks":[{"kind":"a","name":"bad","priority":0},{"kind":"a","name":"after","needs":["bad"],"subtasks":[{"kind":"a","name":"inner"}]},
          {"kind":"a","name":"other","priority":1},{"kind":"a","name":"last"}]}
        """

    @Test("retrying any of them puts everything back that failed with it or because of it")
    func tree() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        for retried in ["bad", "after", "inner", "r"] {
            let root = try await sql.tree(json)
            let claimed = try await sql.claim(worker, 2)
            try await sql.finish(claimed[1], worker)
            try await sql.finish(claimed[0], worker, "'failed', retry => false")
            try await sql.settle()
            #expect(
                try await sql.states(root) == [
                    "r cancelled", "bad failed", "after cancelled", "inner cancelled", "other completed",
                    "last cancelled",
                ])
            let id = try await sql.int("select id from agentcorp.tree(\(root)) where trim(task) = '\(retried)'")
            #expect(try await sql.int("select agentcorp.retry(\(id))") == 5)
            #expect(
                try await sql.states(root) == [
                    "r blocked", "bad ready", "after blocked", "inner blocked", "other completed", "last ready",
                ])
            #expect(
                try await sql.rows(
                    "select distinct attempt from agentcorp.tasks where root_id = \(root) and state <> 'completed'")
                    == ["2"])
            try await sql.refuses("select agentcorp.retry(\(id))", "AC009", "still open")
            try await sql.drain(worker)
            #expect(try await sql.states(root).allSatisfy { $0.hasSuffix("completed") })
            try await sql.refuses("select agentcorp.retry(\(id))", "AC009", "has completed", hint: "Enqueue a new task")
        }
        try await sql.refuses("select agentcorp.retry(999)", "AC001", "unknown task 999")
    }

    @Test("a retry before the resolver has read the failure takes it back")
    func unread() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let root = try await sql.tree(json)
        let bad = try await sql.claim(worker)[0]
        try await sql.finish(bad, worker, "'failed', retry => false")
        #expect(try await sql.int("select agentcorp.retry(\(bad))") == 1)
        try await sql.settle()
        #expect(
            try await sql.states(root) == [
                "r blocked", "bad ready", "after blocked", "inner blocked", "other ready", "last ready",
            ])
        try await sql.drain(worker)
        #expect(try await sql.states(root).allSatisfy { $0.hasSuffix("completed") })
    }

    @Test("a retry waits for the resolver that is just reading the failure")
    func beingRead() async throws {
        let sql = try await Session.open()
        let resolver = try await Session.open()
        let watcher = try await Session.open()
        let worker = try await sql.worker()
        let root = try await sql.tree(json)
        let bad = try await sql.claim(worker)[0]
        try await sql.finish(bad, worker, "'failed', retry => false")
        try await resolver.run("begin; select agentcorp.resolve_ends(0::smallint)")
        async let count = sql.int("select agentcorp.retry(\(bad))")
        try await watcher.waitUntilBlocked(sql)
        try await resolver.run("commit")
        #expect(try await count == 6)
        try await watcher.drain(worker)
        #expect(try await watcher.states(root).allSatisfy { $0.hasSuffix("completed") })
    }

    @Test("a retried subtask counts as open again for a parent that still waits, however its end was counted")
    func waitingParent() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        for join in ["\"settled\"", "\"all\""] {
            let root = try await sql.tree(
                #"{"kind":"r","join":\#(join),"subtasks":[{"kind":"a","name":"a","on_error":"skip"},{"kind":"b","name":"b"}]}"#
            )
            let claimed = try await sql.claim(worker, 2)
            try await sql.finish(claimed[0], worker, "'failed', retry => false")
            try await sql.settle()
            #expect(try await sql.int("select agentcorp.retry(\(claimed[0]))") == 1)
            #expect(try await sql.value("select remaining from agentcorp.blocked where task_id = \(root)") == "2")
            #expect(try await sql.claim(worker) == [claimed[0]])
            try await sql.finish(claimed[0], worker)
            try await sql.settle()
            #expect(try await sql.state(root) == "blocked")
            try await sql.finish(claimed[1], worker)
            try await sql.settle()
            #expect(try await sql.state(root) == "ready")
            try await sql.drain(worker)
        }
    }

    @Test("a retried subtask holds up a parent that waits no more but is open, and not one that has ended")
    func openParent() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let root = try await sql.tree(#"{"kind":"r","subtasks":[{"kind":"a","name":"a","on_error":"skip"}]}"#)
        let child = try await sql.claim(worker)[0]
        try await sql.finish(child, worker, "'failed', retry => false")
        try await sql.settle()
        #expect(try await sql.state(root) == "ready")
        #expect(try await sql.int("select agentcorp.retry(\(child))") == 1)
        #expect(try await sql.state(root) == "blocked")
        #expect(try await sql.claim(worker, 10) == [child])
        try await sql.finish(child, worker, "'failed', retry => false")
        try await sql.settle()
        #expect(try await sql.claim(worker, 10) == [root])
        #expect(try await sql.int("select agentcorp.retry(\(child))") == 1)
        try await sql.finish(root, worker)
        #expect(try await sql.state(root) == "waiting")
        try await sql.drain(worker)
        #expect(try await sql.state(root) == "completed")
        let other = try await sql.tree(#"{"kind":"r","subtasks":[{"kind":"a","on_error":"skip"}]}"#)
        #expect(try await sql.claim(worker) == [other + 1])
        try await sql.finish(other + 1, worker, "'failed', retry => false")
        try await sql.drain(worker)
        try await sql.refuses(
            "select agentcorp.retry(\(other + 1))", "AC009", "subtask of task \(other)",
            hint: "Retry task \(other) instead")
    }

    @Test("a cancelled tree is retried from its root, and its second output replaces the first")
    func cancelledTree() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let root = try await sql.enqueue()
        #expect(try await sql.claim(worker) == [root])
        let child = try await sql.int("select agentcorp.add_subtask(\(root), 'child')")
        #expect(try await sql.finish(root, worker, "'completed', '1'"))
        try await sql.run("select agentcorp.cancel(\(root))")
        try await sql.refuses("select agentcorp.retry(\(child))", "AC009", hint: "Retry task \(root) instead")
        #expect(try await sql.int("select agentcorp.retry(\(root))") == 2)
        #expect(try await sql.claim(worker, 5) == [child])
        try await sql.finish(child, worker)
        try await sql.settle()
        #expect(try await sql.claim(worker, 5) == [root])
        #expect(try await sql.finish(root, worker, "'completed', '2'"))
        #expect(try await sql.value("select output from agentcorp.tasks where id = \(root)") == "2")
    }

    @Test("of two sessions that retry the same task one is refused")
    func race() async throws {
        let one = try await Session.open()
        let two = try await Session.open()
        let task = try await one.enqueue()
        try await one.run("select agentcorp.cancel(\(task))")
        try await one.run("begin; select agentcorp.retry(\(task))")
        async let error = two.refuses("select agentcorp.retry(\(task))", "AC009", "somebody else")
        try await one.waitUntilBlocked(two)
        try await one.run("commit")
        try await error
        #expect(try await one.rows("select state, attempt from agentcorp.tasks") == ["ready|2"])
    }

    @Test("retry_many takes those that match, and leaves those that cannot be retried")
    func many() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run("select agentcorp.create_queue('io')")
        for (i, more) in ["", ", tags => '{t}'", ", queue => 'io'", ", unique_key => 'k'"].enumerated() {
            try await sql.enqueue("'k\(i)'\(more)")
        }
        for queue in ["default", "io"] {
            for task in try await sql.claim(worker, 10, queue: queue) {
                try await sql.finish(
                    task, worker, "'failed', error => '{\"message\": \"disk \(task) is full\"}', retry => false")
            }
        }
        let holder = try await sql.enqueue("'k9', unique_key => 'k'")
        for (filter, expected) in [
            (#"{"kind": "k9"}"#, 0), (#"{"tag": "t", "kind": "k0"}"#, 0), (#"{"state": "cancelled"}"#, 0),
            (#"{"error": "disk 2"}"#, 1),
            (#"{"until": "2001-01-01"}"#, 0), (#"{"queue": "io", "since": "2001-01-01"}"#, 1), (#"{"limit": 0}"#, 0),
            (#"{}"#, 1),
        ] {
            #expect(try await sql.int("select agentcorp.retry_many('\(filter)')") == expected, "\(filter)")
        }
        #expect(
            try await sql.rows("select id, state from agentcorp.tasks order by id") == [
                "1|ready", "2|ready", "3|ready", "4|failed", "\(holder)|ready",
            ])
        for (filter, state, message, hint) in [
            (#"{"sate": "failed"}"#, "AC007", #"unknown field "sate""#, #"did you mean "state"?"#),
            (#"{"state": "running"}"#, "AC007", "cannot be retried", "failed"),
            (#"{"queue": "oi"}"#, "AC006", "unknown queue", "did you mean \"io\"?"),
            (#"{"since": "noonish"}"#, "AC007", "noonish", ""), (#"{"limit": "x"}"#, "AC007", "filter", ""),
            (#"{"limit": -1}"#, "AC007", "negative", ""), (#"[]"#, "AC007", "not an object", ""),
        ] {
            try await sql.refuses("select agentcorp.retry_many('\(filter)')", state, message, hint: hint)
        }
    }

    @Test("a need that was cancelled with its parent comes back with it")
    func needBelowCancelled() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let root = try await sql.tree(#"{"kind":"r","subtasks":[{"kind":"a","name":"a"}]}"#)
        let other = try await sql.enqueue("'other', needs => array[\(root + 1)]::bigint[]")
        try await sql.run("select agentcorp.cancel(\(root))")
        try await sql.settle()
        #expect(try await sql.state(other) == "cancelled")
        #expect(try await sql.int("select agentcorp.retry(\(other))") == 3)
        try await sql.drain(worker)
        #expect(try await sql.state(root) == "completed")
        #expect(try await sql.state(other) == "completed")
    }
}
