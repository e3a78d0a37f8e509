import Postgres
import TestSupport
import Testing

@Suite(.checkedDatabase)
struct AddingTests {
    @Test("a task in any open state can be given subtasks, and ends only after them")
    func everyState() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let ready = try await sql.enqueue()
        let scheduled = try await sql.enqueue("'a', run_at => agentcorp.clock() + interval '1 hour'")
        let running = try await sql.enqueue("'a', priority => 0")
        #expect(try await sql.claim(worker) == [running])
        for (parent, state) in [(ready, "blocked"), (scheduled, "blocked"), (running, "running")] {
            let child = try await sql.int("select agentcorp.add_subtask(\(parent), 'child')")
            #expect(try await sql.state(parent) == state)
            #expect(
                try await sql.rows("select parent_id, root_id, depth from agentcorp.task where id = \(child)") == [
                    "\(parent)|\(parent)|1"
                ])
        }
        #expect(try await sql.finish(running, worker, "'completed', '\"done\"'"))
        #expect(try await sql.state(running) == "waiting")
        try await sql.run("select agentcorp.add_subtask(\(running), 'second')")
        try await sql.drain(worker)
        #expect(try await sql.state(running) == "completed")
        #expect(try await sql.value("select output::text from agentcorp.tasks where id = \(running)") == "\"done\"")
        #expect(try await sql.state(ready) == "completed")
        // The time it was to run at has not come.
        #expect(try await sql.state(scheduled) == "scheduled")
        try await sql.refuses(
            "select agentcorp.add_subtask(\(ready), 'late')", "AC009", "already ended", hint: "Only an open task")
        try await sql.refuses("select agentcorp.add_subtask(99, 'late')", "AC001", "unknown task 99")
        try await sql.refuses("select agentcorp.add_subtasks(99, '[{\"kind\": \"a\"}]')", "AC001", "unknown task 99")
        try await sql.refuses("select agentcorp.add_subtasks(\(running), '{}')", "AC007", "not an array")
        #expect(try await sql.rows("select agentcorp.add_subtasks(\(running), '[]')").isEmpty)
    }

    @Test("a task that ran waits for its subtasks without a worker, and runs again with the next attempt")
    func suspend() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let root = try await sql.enqueue("'a', max_attempts => 1")
        #expect(try await sql.claim(worker) == [root])
        let children = try await sql.ints(
            "select agentcorp.add_subtasks(\(root), '[{\"kind\": \"x\", \"name\": \"x\"}, {\"kind\": \"y\", \"needs\": [\"x\"]}]')"
        )
        // The first child ends before the parent suspends: it wakes nobody early.
        #expect(try await sql.claim(worker) == [children[0]])
        try await sql.finish(children[0], worker)
        try await sql.settle()
        #expect(try await sql.state(root) == "running")
        #expect(try await sql.finish(root, worker, "'suspended'"))
        #expect(try await sql.state(root) == "waiting")
        #expect(try await sql.value("select count(*) from agentcorp.claim") == "0")
        #expect(try await sql.claim(worker) == [children[1]])
        try await sql.finish(children[1], worker)
        try await sql.settle()
        #expect(try await sql.rows("select task_id, attempt from agentcorp.claim(\(worker))") == ["\(root)|2"])
        #expect(
            try await sql.rows("select name, kind, is_subtask, state from agentcorp.needs_of(\(root))") == [
                "x|x|true|completed", "|y|true|completed",
            ])
        // A suspension without open subtasks comes back at once, and is no failure either.
        #expect(try await sql.finish(root, worker, "'suspended'"))
        #expect(try await sql.rows("select task_id, attempt from agentcorp.claim(\(worker))") == ["\(root)|3"])
        #expect(try await sql.finish(root, worker))
        #expect(
            try await sql.rows("select outcome from agentcorp.attempts where task_id = \(root)") == [
                "suspended", "suspended", "completed",
            ])
    }

    @Test("a waiting parent fails with its subtasks by its join rule")
    func waitingJoins() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        for (join, ending, state) in [
            ("\"all\"", "'suspended'", "cancelled"), ("\"settled\"", "'suspended'", "ready"),
            ("\"any\"", "'suspended'", "ready"), ("{\"quorum\": 2}", "'suspended'", "cancelled"),
            ("\"all\"", "'completed'", "cancelled"), ("\"settled\"", "'completed'", "completed"),
            ("\"any\"", "'completed'", "completed"), ("{\"quorum\": 2}", "'completed'", "cancelled"),
        ] {
            let root = try await sql.enqueue("'a', join_rule => '\(join)'")
            #expect(try await sql.claim(worker) == [root])
            try await sql.run("select agentcorp.add_subtasks(\(root), '[{\"kind\": \"x\"}, {\"kind\": \"y\"}]')")
            let children = try await sql.claim(worker, 2)
            try await sql.finish(children[0], worker, "'failed', retry => false")
            try await sql.finish(children[1], worker)
            #expect(try await sql.finish(root, worker, ending))
            try await sql.settle()
            #expect(try await sql.state(root) == state, "\(join) \(ending)")
            try await sql.run("select agentcorp.cancel(\(root))")
        }
    }

    @Test("a named subtask is added once, also when the parent runs again and when two sessions add it at once")
    func named() async throws {
        let sql = try await Session.open()
        let other = try await Session.open()
        let worker = try await sql.worker()
        let root = try await sql.enqueue()
        #expect(try await sql.claim(worker) == [root])
        let first = try await sql.int("select agentcorp.add_subtask(\(root), 'x', name => 'x')")
        #expect(try await sql.int("select agentcorp.add_subtask(\(root), 'x', name => 'x')") == first)
        let both =
            "select agentcorp.add_subtasks(\(root), '[{\"kind\": \"x\", \"name\": \"x\"}, {\"kind\": \"y\", \"name\": \"y\", \"needs\": [\"x\"], \"subtasks\": [{\"kind\": \"z\", \"name\": \"z\"}]}]')"
        let ids = try await sql.ints(both)
        #expect(ids == [first, first + 1])
        #expect(try await sql.ints(both) == ids)
        #expect(try await sql.states(root) == ["a running", "x ready", "y blocked", "z blocked"])
        try await sql.run("begin")
        let raced = try await sql.int("select agentcorp.add_subtask(\(root), 'x', name => 'raced')")
        async let same = other.int("select agentcorp.add_subtask(\(root), 'x', name => 'raced')")
        try await sql.waitUntilBlocked(other)
        try await sql.run("commit")
        #expect(try await same == raced)
        try await sql.run("begin")
        let many = try await sql.ints(
            "select agentcorp.add_subtasks(\(root), '[{\"kind\": \"x\", \"name\": \"many\"}]')")
        async let again = other.ints(
            "select agentcorp.add_subtasks(\(root), '[{\"kind\": \"x\", \"name\": \"many\"}]')")
        try await sql.waitUntilBlocked(other)
        try await sql.run("commit")
        #expect(try await again == many)
        try await sql.drain(worker)
        try await sql.finish(root, worker)
        #expect(try await sql.state(root) == "completed")
    }

    @Test("a need that is just finishing is not missed: the finisher waits for who adds the edge")
    func adderFirst() async throws {
        let adder = try await Session.open()
        let finisher = try await Session.open()
        let watcher = try await Session.open()
        let worker = try await adder.worker()
        let need = try await adder.enqueue()
        let task = try await adder.enqueue("'b', priority => 9")
        #expect(try await adder.claim(worker) == [need])
        try await adder.run("begin; select agentcorp.add_dependency(\(task), \(need))")
        async let finished = finisher.finish(need, worker, attempt: 1)
        try await watcher.waitUntilBlocked(finisher)
        try await adder.run("commit")
        #expect(try await finished)
        try await watcher.settle()
        #expect(try await watcher.state(task) == "ready")
    }

    @Test("a need that is just finishing is not missed: the adder waits for the finisher")
    func finisherFirst() async throws {
        let adder = try await Session.open()
        let finisher = try await Session.open()
        let watcher = try await Session.open()
        let worker = try await adder.worker()
        for ending in ["commit", "rollback"] {
            let need = try await adder.enqueue()
            let task = try await adder.enqueue("'b', priority => 9")
            #expect(try await adder.claim(worker) == [need])
            try await finisher.run("begin; select agentcorp.finish(\(need), 1, \(worker))")
            async let added: Void = adder.run("select agentcorp.add_dependency(\(task), \(need))")
            try await watcher.waitUntilBlocked(adder)
            try await finisher.run(ending)
            try await added
            #expect(try await watcher.state(task) == (ending == "commit" ? "ready" : "blocked"))
            if ending == "rollback" { try await finisher.finish(need, worker) }
            try await watcher.settle()
            #expect(try await watcher.claim(worker) == [task])
            try await watcher.finish(task, worker)
        }
    }

    @Test("a parent that is just finishing waits for the subtask that is being added to it")
    func subtaskOfFinishing() async throws {
        let adder = try await Session.open()
        let finisher = try await Session.open()
        let watcher = try await Session.open()
        let worker = try await adder.worker()
        let parent = try await adder.enqueue()
        #expect(try await adder.claim(worker) == [parent])
        try await adder.run("begin; select agentcorp.add_subtask(\(parent), 'child')")
        async let finished = finisher.rows(
            "select task_id from agentcorp.work(0::smallint, \(worker), 1, 0, '{4}', '{0}', (select array_agg(claim_id) from agentcorp.claim), array[\(parent)]::bigint[], '{1}', '{5}')"
        )
        try await watcher.waitUntilBlocked(finisher)
        try await adder.run("commit")
        #expect(try await finished.isEmpty)
        #expect(try await watcher.states(parent) == ["a waiting", "child ready"])
        try await watcher.drain(worker)
        #expect(try await watcher.state(parent) == "completed")
    }

    @Test("a cancel meets a subtask that is just being added")
    func cancelMeetsAdder() async throws {
        let adder = try await Session.open()
        let canceller = try await Session.open()
        let watcher = try await Session.open()
        let root = try await adder.enqueue()
        try await adder.run("begin; select agentcorp.add_subtask(\(root), 'child', name => 'child')")
        async let cancelled = canceller.int("select agentcorp.cancel(\(root))")
        try await watcher.waitUntilBlocked(canceller)
        try await adder.run("commit")
        #expect(try await cancelled == 2)
        #expect(try await watcher.states(root) == ["a cancelled", "child cancelled"])
    }

    @Test("a dependency is added before the start, once, and never closes a cycle")
    func addDependency() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let a = try await sql.enqueue("'a', priority => 0")
        let b = try await sql.enqueue("'b', run_at => agentcorp.clock() + interval '1 hour'")
        let c = try await sql.enqueue("'c'")
        for _ in 1...2 {
            try await sql.run("select agentcorp.add_dependency(\(b), \(a)), agentcorp.add_dependency(\(c), \(b))")
        }
        #expect(
            try await sql.rows("select task_id, remaining from agentcorp.blocked order by 1") == ["\(b)|1", "\(c)|1"])
        try await sql.refuses(
            "select agentcorp.add_dependency(\(a), \(c))", "AC003", "cycle: \(a) needs \(c) needs \(b) needs \(a)",
            hint: "Nothing was changed")
        try await sql.refuses("select agentcorp.add_dependency(\(a), \(a))", "AC003", "\(a) needs \(a)")
        let child = try await sql.int("select agentcorp.add_subtask(\(c), 'd')")
        try await sql.refuses(
            "select agentcorp.add_dependency(\(child), \(c))", "AC003", "\(child) needs \(c) needs \(child)")
        try await sql.refuses(
            "select agentcorp.enqueue('x', parent_id => \(a), needs => array[\(c)]::bigint[])", "AC003",
            "\(a) needs \(c) needs \(b) needs \(a)")
        try await sql.refuses("select agentcorp.add_dependency(\(a), 99)", "AC001", "unknown task 99")
        try await sql.refuses("select agentcorp.add_dependency(99, \(a))", "AC001", "unknown task 99")
        try await sql.refuses(
            "select agentcorp.add_dependency(\(a), \(1 << 53))", "AC007", "different shards", hint: "partition_key")
        #expect(try await sql.state(a) == "ready")
        #expect(try await sql.claim(worker) == [a])
        try await sql.refuses("select agentcorp.add_dependency(\(a), \(child))", "AC009", "already running")
        try await sql.finish(a, worker)
        try await sql.settle()
        #expect(try await sql.state(b) == "scheduled")
        let failed = try await sql.enqueue("'f', priority => 0")
        #expect(try await sql.claim(worker) == [failed])
        try await sql.finish(failed, worker, "'failed', retry => false")
        try await sql.refuses(
            "select agentcorp.add_dependency(\(b), \(failed))", "AC009", "already failed", hint: "Retry it first")
        #expect(try await sql.state(b) == "scheduled")
    }

    @Test("two sessions cannot close a cycle together")
    func racedCycle() async throws {
        let one = try await Session.open()
        let two = try await Session.open()
        let a = try await one.enqueue()
        let b = try await one.enqueue()
        try await one.run("begin; select agentcorp.add_dependency(\(a), \(b))")
        async let error = two.error("select agentcorp.add_dependency(\(b), \(a))")
        try await one.waitUntilBlocked(two)
        try await one.run("commit")
        #expect(try await error.sqlState == "AC003")
        let c = try await one.enqueue()
        try await one.run("begin; select agentcorp.add_dependency(\(a), \(c))")
        async let other = two.error("select agentcorp.enqueue('x', parent_id => \(c), needs => array[\(a)]::bigint[])")
        try await one.waitUntilBlocked(two)
        try await one.run("commit")
        #expect(try await other.sqlState == "AC003")
        #expect(try await one.state(c) == "ready")
    }

    @Test("the search for a cycle visits each task once, however many ways lead to it")
    func diamonds() async throws {
        let sql = try await Session.open()
        // 16 layers of 8 tasks, each of which needs all of the layer before: 8^16 ways through.
        try await sql.run(
            """
            do $$
            declare v_before bigint[]; v_layer bigint[];
            begin
                for l in 1 .. 16 loop
                    v_layer := '{}';
                    for i in 1 .. 8 loop v_layer := v_layer || agentcorp.enqueue('a', needs => v_before); end loop;
                    v_before := v_layer;
                end loop;
            end $$
            """)
        try await sql.refuses("select agentcorp.add_dependency(1, 128)", "AC003", "cycle: 1 needs 128 needs")
        try await sql.run("select agentcorp.add_dependency(128, 2)")
    }
}
