import Postgres
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
        async let error = two.refuses("select agentcorp.retry(\(task))", "AC009", "still open")
        try await one.waitUntilBlocked(two)
        try await one.run("commit")
        try await error
        #expect(try await one.rows("select state, attempt from agentcorp.tasks") == ["ready|2"])
    }

    @Test("of two retries that meet in another tree one is refused, and nothing is put back twice")
    func meeting() async throws {
        let one = try await Session.open()
        let two = try await Session.open()
        let resolver = try await Session.open()
        let worker = try await one.worker()
        let need = try await one.enqueue("'need'")
        let user = try await one.enqueue("'user', needs => array[\(need)]::bigint[]")
        let last = try await one.enqueue("'last', needs => array[\(user)]::bigint[]")
        #expect(try await one.claim(worker) == [need])
        try await one.finish(need, worker, "'failed', retry => false")
        #expect(try await one.int("select agentcorp.resolve_ends(0::smallint)") == 1)
        // Both have found what to put back when they come to wait for the resolver.
        try await resolver.run("begin; select 1 from agentcorp.resolve where needs_id = \(user) for update")
        async let first = outcome(one, need)
        async let second = outcome(two, user)
        for session in [one, two] { try await resolver.waitUntilBlocked(session) }
        try await resolver.run("commit")
        #expect(try await [first, second].sorted() == ["2", "AC009"])
        #expect(
            try await one.rows("select id, state, attempt from agentcorp.tasks order by id") == [
                "\(need)|ready|2", "\(user)|blocked|2", "\(last)|blocked|1",
            ])
    }

    private func outcome(_ session: Session, _ task: Int) async throws -> String {
        do {
            return try await session.value("select agentcorp.retry(\(task))")
        } catch let error as PostgresError {
            return error.sqlState ?? "\(error)"
        }
    }

    @Test("a retry runs at the time that is asked for, or for which the task was added, or at once")
    func runAt() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let now = try await sql.enqueue("'now'")
        let later = try await sql.enqueue("'later', run_at => '2100-01-01'")
        let past = try await sql.enqueue("'past', run_at => '2001-01-01'")
        let root = try await sql.tree(
            #"{"kind":"r","run_at":"2100-02-01","subtasks":[{"kind":"a","run_at":"2100-03-01"},{"kind":"b"}]}"#)
        for task in [now, later, past, root] { try await sql.run("select agentcorp.cancel(\(task))") }
        for task in [now, later, past, root] { try await sql.run("select agentcorp.retry(\(task))") }
        let places = "select id, state, date(run_at at time zone 'utc') from agentcorp.tasks order by id"
        #expect(
            try await sql.rows(places) == [
                "\(now)|ready|", "\(later)|scheduled|2100-01-01", "\(past)|ready|", "\(root)|blocked|2100-02-01",
                "\(root + 1)|scheduled|2100-03-01", "\(root + 2)|ready|",
            ])
        for task in [now, later, past, root] { try await sql.run("select agentcorp.cancel(\(task))") }
        #expect(
            try await sql.int(#"select agentcorp.retry_many('{"state": "cancelled", "limit": 3}', '2050-01-01')"#) == 3)
        #expect(try await sql.int("select agentcorp.retry(\(root), '2050-01-01')") == 3)
        #expect(
            try await sql.rows(places) == [
                "\(now)|scheduled|2050-01-01", "\(later)|scheduled|2050-01-01", "\(past)|scheduled|2050-01-01",
                "\(root)|blocked|2050-01-01", "\(root + 1)|scheduled|2050-01-01", "\(root + 2)|scheduled|2050-01-01",
            ])
        try await sql.refuses("select agentcorp.retry(1, 'infinity')", "AC007", "infinite")
        // What a handler calls run_at in its error is its own affair.
        let task = try await sql.enqueue("'mine', priority => 0")
        #expect(try await sql.claim(worker) == [task])
        try await sql.finish(task, worker, "'cancelled', error => '{\"run_at\": \"noonish\"}'")
        #expect(try await sql.int("select agentcorp.retry(\(task))") == 1)
        #expect(try await sql.state(task) == "ready")
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
