import Postgres
import TestSupport
import Testing

@Suite(.checkedDatabase)
struct WhyTests {
    /// A session with a coordinator that leads, and a worker.
    private func open() async throws -> (Session, worker: Int) {
        let sql = try await Session.open()
        try await sql.run("select agentcorp.lead('coordinator', 1, '1 day')")
        return (sql, try await sql.worker())
    }

    /// Expects the lines, of which each is only a part.
    private func expect(
        _ sql: Session, _ task: Int, _ parts: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let lines = try await sql.why(task)
        #expect(
            lines.count == parts.count && zip(lines, parts).allSatisfy { $0.contains($1) }, "\(lines)",
            sourceLocation: sourceLocation)
    }

    @Test("needs that are open, with their own reasons down to the leaf, the join and the counts")
    func needs() async throws {
        let (sql, _) = try await open()
        let root = try await sql.tree(
            #"{"kind":"r","subtasks":[{"kind":"a","name":"first"},{"kind":"a","name":"second","needs":["first"]},{"kind":"a","name":"third","needs":["first","second"],"join":{"quorum":1}}]}"#
        )
        try await expect(
            sql, try await sql.id("third"),
            [
                "blocked: third (a) has not begun: of 2 tasks that it needs, 2 are open (1 must succeed, 0 have)",
                "  ready: first (a) may run", "  worker: ready for", "  blocked: second (a) has not begun",
                "    see: as said above",
            ])
        #expect(try await sql.why(root)[0].contains("of 3 tasks that it needs, 3 are open (all must succeed)"))
        try await sql.refuses("select agentcorp.why(999)", "AC001", "unknown task 999")
    }

    @Test("no worker, no worker for the kind, a paused queue, tasks before it")
    func unclaimed() async throws {
        let sql = try await Session.open()
        let task = try await sql.enqueue()
        try await expect(sql, task, ["ready: a may run", "worker: no worker serves queue \"default\""])
        let worker = try await sql.worker()
        let other = try await sql.enqueue("'b'")
        try await expect(
            sql, other,
            ["ready: b may run", "worker: one worker serves queue \"default\", but none handles kind \"b\", only: a"])
        let third = try await sql.enqueue()
        try await expect(
            sql, third,
            ["ready: a may run", "with 2 tasks before it; one worker handles its kind and takes 10 at a time"])
        try await sql.run("select agentcorp.pause_queue('default')")
        try await expect(
            sql, task, ["ready: a may run", "paused: queue \"default\" is paused since"])
        try await sql.run("select agentcorp.resume_queue('default')")
        #expect(try await sql.claim(worker) == [task])
        try await expect(sql, task, ["running: a runs for 0 s", "worker: a worker has it: host, process 1"])
        try await sql.setClock("20 seconds")
        #expect(try await sql.why(task)[1].contains("has not been heard of for 20 s"))
    }

    @Test("a time that is to come, a retry with its last error, and a coordinator that does not lead")
    func scheduled() async throws {
        let (sql, worker) = try await open()
        let later = try await sql.enqueue("'a', run_at => agentcorp.clock() + interval '1 hour 30 s'")
        try await expect(sql, later, ["scheduled: a is to run at"])
        #expect(try await sql.why(later)[0].contains("in 60 min"))
        let failing = try await sql.enqueue("'a', max_attempts => 3")
        _ = try await sql.claim(worker)
        try await sql.finish(failing, worker, #"'failed', error => '{"message": "no network"}', delay => '1 minute'"#)
        try await expect(
            sql, failing,
            ["scheduled: a is tried again (attempt 2; 1 of 3 have failed) at", "attempt: attempt 1 failed at"])
        #expect(try await sql.why(failing)[1].hasSuffix("no network"))
        try await sql.setClock("2 days")
        #expect(try await sql.why(later).contains { $0.contains("no coordinator has taken notice") })
        #expect(try await sql.why(later).last?.hasPrefix("coordinator: no coordinator leads since") == true)
    }

    @Test("a concurrency key, an order and a limit of the queue, with those that are before it")
    func limits() async throws {
        let (sql, worker) = try await open()
        let first = try await sql.enqueue("'a', concurrency_key => 'k'")
        let second = try await sql.enqueue("'a', concurrency_key => 'k'")
        #expect(try await sql.claim(worker) == [first])
        try await expect(
            sql, second,
            [
                "queued: a may run, and waits to be admitted",
                "limit: concurrency key \"k\" lets 1 run at a time, and 1 does",
                "  running: a runs for", "  worker: a worker has it",
            ])
        let third = try await sql.enqueue("'a', ordered_key => 'o'")
        let fourth = try await sql.enqueue("'a', ordered_key => 'o'")
        #expect(try await sql.claim(worker) == [third])
        try await expect(
            sql, fourth,
            [
                "queued", "order: tasks with the ordered key \"o\" run one after the other", "  running: a runs for",
                "  worker: a worker has it",
            ])
    }

    @Test("events, and the end of their waiting")
    func events() async throws {
        let (sql, worker) = try await open()
        let task = try await sql.enqueue()
        _ = try await sql.claim(worker)
        try await sql.run("select agentcorp.await_event(\(task), 1, 'paid', 'orders.paid', '17', '1 hour')")
        try await sql.finish(task, worker, "'suspended'")
        try await expect(
            sql, task,
            ["waiting: a waits, without a worker", "event: for an event of topic orders.paid with key 17, since"])
        #expect(try await sql.why(task)[1].contains(", until "))
    }

    @Test("the failure that everything comes from, from the run down to the task that failed first")
    func failure() async throws {
        let (sql, worker) = try await open()
        let root = try await sql.startRun(
            worker,
            #"[{"name":"e","kind":"each","needs":["a"]},{"name":"a","kind":"x"},{"name":"z","kind":"x","needs":["e"]}]"#
        )
        _ = try await sql.claim(worker)
        try await sql.finish(try await sql.id("a"), worker)
        try await sql.settle()
        let each = try await sql.id("e")
        #expect(try await sql.claim(worker) == [each])
        try await sql.expand(
            worker, each, #"[{"name":"[0]","kind":"x","max_attempts":2}]"#,
            join: "all",
            steps: #"{"each": {"expression": "a.items", "operands": {"a.items": [1]}, "value": [1]}}"#)
        let item = try await sql.claim(worker)[0]
        try await sql.finish(item, worker, #"'failed', error => '{"message": "first"}', delay => '0'"#)
        try await sql.settle()
        _ = try await sql.claim(worker)
        try await sql.finish(item, worker, #"'failed', error => '{"message": "second"}'"#)
        try await sql.settle()
        #expect(try await sql.claim(worker) == [root])
        try await sql.finish(
            root, worker, #"'failed', error => '{"reason": "plan", "message": "task e was cancelled"}', retry => false"#
        )
        let below = [
            "cancelled: e (each) was cancelled: needs task \(item) ([0]), which failed",
            "each: each: a.items  is  [1]  where a.items = [1]",
            "failed: [0] (x) failed after 2 attempts: second", "attempt: attempt 1 failed at",
        ]
        try await expect(
            sql, try await sql.id("z"),
            ["cancelled: z (x) was cancelled: needs task \(each) (e), which was cancelled"] + below)
        try await expect(sql, each, below)
        // What was cancelled for others is no cause.
        #expect(try await sql.why(root)[0].hasSuffix("task e was cancelled"))
        #expect(try await sql.why(root).contains { $0.contains("[0] (x) failed after 2 attempts: second") })
    }

    @Test("who has cancelled it and why; what was part of it; what a condition said")
    func ends() async throws {
        let (sql, worker) = try await open()
        let root = try await sql.startRun(worker, #"[{"name":"a","kind":"x"},{"name":"b","kind":"x"}]"#)
        let skipped = try await sql.id("a")
        #expect(try await sql.claim(worker) == [skipped])
        try await sql.run(
            #"select agentcorp.step_put(\#(skipped), 1, 'when', '{"expression": "input.n > 3", "operands": {"input.n": 2}, "value": false}')"#
        )
        try await sql.finish(skipped, worker, #"'skipped', error => '{"message": "when: input.n > 3"}'"#)
        try await expect(
            sql, skipped,
            ["skipped: a (x) was skipped: when: input.n > 3", "when: when: input.n > 3  is  false  where input.n = 2"])
        try await sql.run("select agentcorp.cancel(\(root), 'wrong input')")
        let who = try await sql.value("select current_user")
        try await expect(sql, root, ["cancelled: p (plan) was cancelled by \(who) at"])
        #expect(try await sql.why(root)[0].hasSuffix("wrong input"))
        try await expect(
            sql, try await sql.id("b"),
            ["cancelled: b (x) was cancelled with what it is part of", "  cancelled: p (plan) was cancelled by"])
    }

    @Test("of what is encrypted it says so, of what is large it shows the beginning")
    func sealed() async throws {
        let (sql, worker) = try await open()
        let task = try await sql.enqueue()
        _ = try await sql.claim(worker)
        func sealed(_ length: Int) -> String {
            "jsonb_build_object('$enc', jsonb_build_object('v', 1, 'k', 'one', 'c', (select string_agg(md5(i::text), '') from generate_series(1, \(length)) i)))"
        }
        func decision(_ value: String) -> String {
            "jsonb_build_object('expression', 'a.items', 'operands', jsonb_build_object('a.items', \(sealed(1)), 'b', 1), 'value', \(value))"
        }
        for (name, value) in [
            ("when", sealed(1)), ("until 1", sealed(20_000)), ("until 2", decision("'[1]'::jsonb")),
            ("until 3", decision("(select jsonb_agg(i) from generate_series(1, 100000) i)")),
            ("tally", "jsonb_build_array(\(decision("'[2]'::jsonb")))"),
        ] {
            try await sql.run("select agentcorp.step_put(\(task), 1, '\(name)', \(value))")
        }
        let encrypted = "was decided; the expression, its operands and its value are encrypted"
        let lines = try await sql.why(task)
        for line in [
            "when: when \(encrypted)", "until: until 1 \(encrypted)",
            "until: until 2: a.items  is  [1]  where a.items = (encrypted), b = 1",
            "tally: tally: a.items  is  [2]  where a.items = (encrypted), b = 1",
        ] {
            #expect(lines.contains(line), "\(line) in \(lines)")
        }
        let long = try #require(lines.first { $0.hasPrefix("until: until 3: a.items  is  [1, 2, 3,") })
        #expect(long.hasSuffix("...  where a.items = (encrypted), b = 1"))
        for (output, note) in [(sealed(20_000), "(encrypted)"), ("to_jsonb(repeat('x', 300000))", "\"xxx")] {
            let other = try await sql.enqueue()
            _ = try await sql.claim(worker)
            try await sql.finish(other, worker, "'completed', \(output)")
            let found = try await sql.value("select output from agentcorp.task_notes(array[\(other)])")
            #expect(found.hasPrefix(note) && found.count < 200)
        }
    }

    @Test("a budget that is used up, and a provider that is not called for a while")
    func spending() async throws {
        let (sql, worker) = try await open()
        let task = try await sql.enqueue("'agent'")
        try await sql.setBudget(task, "usd => 0.1")
        _ = try await sql.claim(worker)
        #expect(try await sql.reserve(task, 1) == "granted")
        try await sql.settle(task, 1, usd: "0.1", tokens: "10")
        try await sql.run("select agentcorp.cool_down('p', 'm', agentcorp.clock() + interval '1 minute', 'HTTP 429')")
        try await sql.finish(task, worker, "'snoozed', delay => '1 minute'")
        let lines = try await sql.why(task)
        #expect(lines[0].hasPrefix("scheduled: agent was put off and goes on at"))
        #expect(
            lines.contains { $0.hasPrefix("budget: the budget of task \(task) is used up: $0.1 of $0.1") }, "\(lines)")
        #expect(
            lines.contains { $0.hasPrefix("provider: model m of p is not called until") && $0.hasSuffix("HTTP 429") },
            "\(lines)")
    }

    @Test("workers that died with it")
    func lost() async throws {
        let (sql, worker) = try await open()
        let task = try await sql.enqueue()
        _ = try await sql.claim(worker)
        try await sql.setClock("1 minute")
        try await sql.run("select agentcorp.rescue()")
        let lines = try await sql.why(task)
        #expect(lines.contains { $0.hasPrefix("lost: 1 of its workers died") }, "\(lines)")
    }
}
