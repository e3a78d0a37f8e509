import TestSupport
import Testing

@Suite(.checkedDatabase)
struct BatchTests {
    private let callbacks = """
        on_complete => '{"kind": "yes", "args": {"x": 1}}', on_failure => '{"kind": "no"}', on_settled => '{"kind": "over"}'
        """

    /// `kind` and the state that the batch's summary in the args names, for each callback that was enqueued.
    private func called(_ sql: Session) async throws -> [String] {
        try await sql.rows(
            "select kind, args #>> '{batch,state}' from agentcorp.task where kind in ('yes', 'no', 'over') order by id")
    }

    private func create(_ sql: Session, _ arguments: String) async throws -> Int {
        try await sql.int("select agentcorp.create_batch(\(arguments))")
    }

    private func look(_ sql: Session, _ batch: Int) async throws -> String {
        try await sql.value(
            "select state, sealed, total, pending, completed, failed, round(progress::numeric, 2)::text from agentcorp.batches where id = \(batch)"
        )
    }

    @Test("a batch of none is complete at once")
    func none() async throws {
        let sql = try await Session.open()
        let batch = try await create(sql, "'empty', '[]', \(callbacks)")
        #expect(try await look(sql, batch) == "completed|true|0|0|0|0|1.00")
        #expect(try await called(sql) == ["yes|completed", "over|completed"])
        #expect(
            try await sql.value("select args from agentcorp.task where kind = 'yes'")
                == #"{"x": 1, "batch": {"id": 1, "name": "empty", "state": "completed", "total": 0, "failed": 0, "pending": 0, "completed": 0}}"#
        )
        #expect(
            try await sql.value("select output -> 'callbacks' from agentcorp.tasks where id = \(batch)")
                == #"{"on_settled": 3, "on_complete": 2}"#)
    }

    @Test("a batch of one completes with it, without a worker of its own, and calls back once")
    func one() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let batch = try await create(sql, "'one', '[{\"kind\": \"a\"}]', \(callbacks)")
        #expect(try await look(sql, batch) == "waiting|true|1|1|0|0|0.00")
        #expect(try await sql.states(batch) == ["one waiting", "a ready"])
        #expect(try await sql.claim(worker, 10) == [batch + 1])
        try await sql.finish(batch + 1, worker)
        try await sql.settle()
        #expect(try await look(sql, batch) == "completed|true|1|0|1|0|1.00")
        try await sql.settle()
        #expect(try await called(sql) == ["yes|completed", "over|completed"])
        #expect(try await sql.claim(worker, 10).count == 2)
        #expect(try await sql.rows("select completed, failed, ready, blocked from agentcorp.queues") == ["2|0|0|0"])
    }

    @Test("a batch of ten thousand settles with a few writes to it, and calls back once")
    func many() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let batch = try await create(
            sql,
            "'many', (select jsonb_agg(jsonb_build_object('kind', 'a')) from generate_series(1, 10000)), \(callbacks)")
        for _ in 0..<10 {
            try await sql.run(
                """
                select agentcorp.finish_many(\(worker), (select jsonb_agg(jsonb_build_object('task', c.task_id, 'attempt', c.attempt, 'outcome', 'completed'))
                    from agentcorp.claim(\(worker), 'default', 1000) c))
                """)
        }
        #expect(try await look(sql, batch) == "waiting|true|10000|10000|0|0|0.00")
        try await sql.run("select agentcorp.resolve_ends(0::smallint, 5000)")
        #expect(try await look(sql, batch) == "waiting|true|10000|5000|5000|0|0.50")
        try await sql.settle()
        #expect(try await look(sql, batch) == "completed|true|10000|0|10000|0|1.00")
        #expect(try await called(sql) == ["yes|completed", "over|completed"])
    }

    @Test("one failure fails the batch, when the others have ended too")
    func failure() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let batch = try await create(
            sql,
            "'f', '[{\"kind\": \"a\"}, {\"kind\": \"a\"}, {\"kind\": \"a\", \"on_error\": \"skip\"}]', \(callbacks)")
        #expect(try await sql.claim(worker, 10).count == 3)
        try await sql.finish(batch + 1, worker, "'failed', retry => false")
        try await sql.finish(batch + 3, worker, "'failed', retry => false")
        try await sql.settle()
        #expect(try await look(sql, batch) == "waiting|true|3|1|1|1|0.67")
        #expect(try await called(sql) == [])
        try await sql.finish(batch + 2, worker)
        try await sql.settle()
        #expect(try await look(sql, batch) == "failed|true|3|0|2|1|1.00")
        #expect(try await called(sql) == ["no|failed", "over|failed"])
        #expect(
            try await sql.value("select error from agentcorp.tasks where id = \(batch)")
                == #"{"reason": "batch", "message": "1 of 3 tasks did not succeed"}"#)
    }

    @Test("a batch without tasks stays open until it is sealed, once")
    func sealing() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let batch = try await create(sql, "'open', \(callbacks)")
        #expect(try await look(sql, batch) == "waiting|false|0|0|0|0|0.00")
        for _ in 0..<2 {
            let ids = try await sql.ints(
                #"select agentcorp.add_to_batch(\#(batch), '[{"kind": "a"}, {"kind": "a", "subtasks": [{"kind": "a"}]}]')"#
            )
            #expect(ids.count == 2)
            try await sql.drain(worker)
        }
        #expect(try await look(sql, batch) == "waiting|false|4|0|4|0|1.00")
        #expect(try await sql.ints("select agentcorp.add_to_batch(\(batch), '[]')") == [])
        try await sql.run("select agentcorp.seal_batch(\(batch))")
        #expect(try await look(sql, batch) == "completed|true|4|0|4|0|1.00")
        try await sql.run("select agentcorp.seal_batch(\(batch))")
        #expect(try await called(sql) == ["yes|completed", "over|completed"])
        try await sql.refuses(
            #"select agentcorp.add_to_batch(\#(batch), '[{"kind": "a"}]')"#, "AC009", "batch \(batch) has settled",
            hint: "seal_batch")
        // With both given, `sealed` decides.
        let other = try await create(sql, "tasks => '[]', sealed => false")
        #expect(try await look(sql, other) == "waiting|false|0|0|0|0|0.00")
        #expect(try await look(sql, try await create(sql, "sealed => true")) == "completed|true|0|0|0|0|1.00")
    }

    @Test("a task of a sealed batch adds more to it, and a batch that is cancelled takes none")
    func growth() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let batch = try await create(sql, #"'grows', '[{"kind": "a"}]'"#)
        #expect(try await sql.claim(worker) == [batch + 1])
        #expect(
            try await sql.ints(
                #"select agentcorp.add_to_batch(\#(batch), '[{"kind": "a", "name": "n"}, {"kind": "a", "needs": ["n"]}]')"#
            ) == [batch + 2, batch + 3])
        // A member that runs again adds what has a name only once.
        #expect(
            try await sql.ints(#"select agentcorp.add_to_batch(\#(batch), '[{"kind": "a", "name": "n"}]')"#) == [
                batch + 2
            ])
        try await sql.finish(batch + 1, worker)
        try await sql.settle()
        #expect(try await look(sql, batch) == "waiting|true|3|2|1|0|0.33")
        try await sql.drain(worker)
        #expect(try await look(sql, batch) == "completed|true|3|0|3|0|1.00")

        let cancelled = try await create(sql, "'no'")
        try await sql.run("select agentcorp.cancel(\(cancelled))")
        try await sql.refuses(#"select agentcorp.add_to_batch(\#(cancelled), '[{"kind": "a"}]')"#, "AC009")
    }

    @Test("two members that end last at the same time settle the batch once")
    func race() async throws {
        let sql = try await Session.open()
        let others = [try await Session.open(), try await Session.open()]
        let worker = try await sql.worker()
        for _ in 0..<10 {
            let batch = try await create(
                sql, #"'race', '[{"kind": "a"}, {"kind": "a"}]', on_complete => '{"kind": "yes"}'"#)
            #expect(try await sql.claim(worker, 2) == [batch + 1, batch + 2])
            try await withThrowingTaskGroup { group in
                for (index, other) in others.enumerated() {
                    group.addTask {
                        try await other.finish(batch + 1 + index, worker, attempt: 1)
                        try await other.settle()
                    }
                }
                try await group.waitForAll()
            }
            try await sql.settle()
            #expect(try await look(sql, batch) == "completed|true|2|0|2|0|1.00")
            #expect(
                try await sql.int("select count(*) from agentcorp.task where (args #>> '{batch,id}')::int = \(batch)")
                    == 1)
            #expect(try await sql.claim(worker).count == 1)
        }
    }

    @Test("a coordinator that dies while it settles a batch has done nothing; the next one calls back once")
    func crash() async throws {
        let sql = try await Session.open()
        let doomed = try await Session.open()
        let worker = try await sql.worker()
        let batch = try await create(sql, "'crash', '[{\"kind\": \"a\"}]', \(callbacks)")
        #expect(try await sql.claim(worker) == [batch + 1])
        try await sql.finish(batch + 1, worker)
        try await doomed.run("begin")
        #expect(try await doomed.int("select agentcorp.resolve_ends(0::smallint)") == 1)
        #expect(try await look(doomed, batch) == "completed|true|1|0|1|0|1.00")
        try await sql.run("select pg_terminate_backend(\(doomed.pid), 10000)")
        #expect(try await look(sql, batch) == "waiting|true|1|1|0|0|0.00")
        #expect(try await called(sql) == [])
        try await sql.settle()
        #expect(try await look(sql, batch) == "completed|true|1|0|1|0|1.00")
        #expect(try await called(sql) == ["yes|completed", "over|completed"])
    }

    @Test("a batch that is cancelled cancels its tasks, and only what always follows is called")
    func cancel() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let batch = try await create(
            sql,
            "'c', '[{\"kind\": \"a\"}, {\"kind\": \"a\"}, {\"kind\": \"a\", \"subtasks\": [{\"kind\": \"a\"}]}]', \(callbacks)"
        )
        #expect(try await sql.claim(worker, 2).count == 2)
        try await sql.finish(batch + 1, worker)
        try await sql.settle()
        #expect(try await sql.int("select agentcorp.cancel(\(batch), 'enough')") == 4)
        #expect(try await look(sql, batch) == "cancelled|true|3|2|1|0|0.33")
        #expect(try await called(sql) == ["over|cancelled"])
        #expect(try await sql.finish(batch + 2, worker, attempt: 1) == false)
    }

    @Test("a settled batch is retried as a whole, what completed stays, and the callbacks follow again")
    func retry() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let batch = try await create(sql, "'r', '[{\"kind\": \"a\"}, {\"kind\": \"a\"}]', \(callbacks)")
        #expect(try await sql.claim(worker, 2).count == 2)
        try await sql.finish(batch + 1, worker, "'failed', retry => false")
        try await sql.finish(batch + 2, worker)
        try await sql.settle()
        #expect(try await called(sql) == ["no|failed", "over|failed"])
        try await sql.refuses(
            "select agentcorp.retry(\(batch + 1))", "AC009", "is a subtask of task \(batch), which has ended",
            hint: "Retry task \(batch) instead")
        #expect(try await sql.int("select agentcorp.retry(\(batch))") == 2)
        #expect(try await look(sql, batch) == "waiting|true|2|1|1|0|0.50")
        #expect(try await sql.states(batch) == ["r waiting", "a ready", "a completed"])
        try await sql.drain(worker)
        #expect(try await look(sql, batch) == "completed|true|2|0|2|0|1.00")
        #expect(try await called(sql) == ["no|failed", "over|failed", "yes|completed", "over|completed"])
        try await sql.refuses("select agentcorp.retry(\(batch))", "AC009", "has completed")
    }

    @Test("a member is retried while its batch is open, and a cancelled batch that had no task left settles at once")
    func retryMember() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let batch = try await create(sql, "'m', '[{\"kind\": \"a\"}]', sealed => false, \(callbacks)")
        #expect(try await sql.claim(worker) == [batch + 1])
        try await sql.finish(batch + 1, worker, "'failed', retry => false")
        try await sql.settle()
        #expect(try await look(sql, batch) == "waiting|false|1|0|0|1|1.00")
        #expect(try await sql.int("select agentcorp.retry(\(batch + 1))") == 1)
        #expect(try await look(sql, batch) == "waiting|false|1|1|0|0|0.00")
        #expect(try await sql.claim(worker) == [batch + 1])
        try await sql.finish(batch + 1, worker)
        try await sql.settle()
        try await sql.run("select agentcorp.cancel(\(batch))")
        #expect(try await look(sql, batch) == "cancelled|true|1|0|1|0|1.00")
        #expect(try await sql.int("select agentcorp.retry(\(batch))") == 1)
        #expect(try await look(sql, batch) == "completed|true|1|0|1|0|1.00")
        #expect(try await called(sql) == ["over|cancelled", "yes|completed", "over|completed"])
    }

    @Test("batches nest, in batches and in running tasks, and one with a name or a key is added once")
    func nesting() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let outer = try await create(sql, "'outer', on_complete => '{\"kind\": \"yes\"}', unique_key => 'k'")
        #expect(try await create(sql, "'outer', unique_key => 'k'") == outer)
        let inner = try await create(
            sql, "'inner', '[{\"kind\": \"a\"}]', on_complete => '{\"kind\": \"over\"}', parent_id => \(outer)")
        #expect(try await create(sql, "'inner', '[{\"kind\": \"a\"}]', parent_id => \(outer)") == inner)
        try await sql.run("select agentcorp.seal_batch(\(outer))")
        #expect(try await sql.states(outer) == ["outer waiting", "inner waiting", "a ready"])
        #expect(try await sql.claim(worker) == [inner + 1])
        let deepest = try await create(sql, "'deepest', '[]', parent_id => \(inner + 1)")
        #expect(try await look(sql, deepest) == "completed|true|0|0|0|0|1.00")
        try await sql.finish(inner + 1, worker)
        try await sql.settle()
        #expect(
            try await sql.states(outer) == ["outer completed", "inner completed", "a completed", "deepest completed"])
        #expect(try await called(sql) == ["over|completed", "yes|completed"])
        let after = try await sql.enqueue("'a', needs => array[\(outer)]")
        #expect(try await sql.state(after) == "ready")

        try await sql.enqueue("'a', unique_key => 'taken'")
        try await sql.refuses("select agentcorp.create_batch(unique_key => 'taken')", "AC004", "is held by task")
        try await sql.refuses(
            "select agentcorp.create_batch('x', '[]', parent_id => \(outer))", "AC009", "has already ended")
        try await sql.refuses("select agentcorp.create_batch(parent_id => 999)", "AC001", "unknown task 999")
    }

    @Test(
        "what makes no sense is refused before anything is added",
        arguments: [
            ("'x', '{}'", "AC007", "tasks is not an array"), ("'x', '[{}]'", "AC007", "/0/kind is missing"),
            ("'x', '[5]'", "AC007", "not an object"), ("on_complete => '{}'", "AC007", "/on_complete/kind is missing"),
            ("on_failure => '5'", "AC007", "/on_failure is not an object"),
            ("on_failure => 'null'", "AC007", "/on_failure is not an object"),
            (#"on_settled => '{"kind": "a", "subtasks": []}'"#, "AC007", "a callback is a single task"),
            (#"on_settled => '{"kind": "a", "args": [1]}'"#, "AC007", "/on_settled/args is not an object"),
            (#"on_settled => '{"kind": "a", "parent_id": 1}'"#, "AC007", "unknown field"),
            (#"on_settled => '{"kind": "a", "queue": "defautl"}'"#, "AC006", "unknown queue"),
            ("queue => 'defautl'", "AC006", "unknown queue"), ("name => repeat('x', 1001)", "AC007", "1000 characters"),
            ("tenant => ''", "AC007", "tenant is empty"), ("tags => '{null}'", "AC007", "a tag is null"),
            (
                "on_complete => jsonb_build_object('kind', 'a', 'args', jsonb_build_object('x', repeat('x', 250000)))",
                "AC008",
                "240 KiB"
            ),
        ])
    func refusals(arguments: String, state: String, message: String) async throws {
        let sql = try await Session.open()
        try await sql.refuses("select agentcorp.create_batch(\(arguments))", state, message)
        #expect(try await sql.int("select count(*) from agentcorp.task") == 0)
    }

    @Test("only batches are added to and sealed, and a batch waits for nothing else")
    func noBatch() async throws {
        let sql = try await Session.open()
        let task = try await sql.enqueue("'batch'")
        let batch = try await create(sql, "'b'")
        for call in ["seal_batch(%)", "add_to_batch(%, '[]')"] {
            try await sql.refuses(
                "select agentcorp.\(call.replacing("%", with: "\(task)"))", "AC007", "task \(task) is no batch")
            try await sql.refuses("select agentcorp.\(call.replacing("%", with: "99"))", "AC001", "unknown batch 99")
        }
        try await sql.refuses("select agentcorp.add_to_batch(\(batch), '5')", "AC007", "not an array")
        try await sql.refuses("select agentcorp.add_dependency(\(batch), \(task))", "AC009")
        // A task that somebody calls so is an ordinary one.
        let worker = try await sql.worker()
        #expect(try await sql.claim(worker, 10) == [task])
        try await sql.finish(task, worker, "'failed', retry => false")
        #expect(try await sql.int("select agentcorp.retry(\(task))") == 1)
        #expect(try await sql.state(task) == "ready")
        #expect(try await sql.ints("select id from agentcorp.batches") == [batch])
    }

    @Test("a callback that the queue refuses holds up nobody, and the summary tells")
    func refusedCallback() async throws {
        let sql = try await Session.open()
        let batch = try await create(sql, "'b', on_settled => '{\"kind\": \"over\", \"queue\": \"default\"}'")
        try await sql.run("update agentcorp.queue set name = 'renamed' where name = 'default'")
        try await sql.run("select agentcorp.seal_batch(\(batch))")
        #expect(try await look(sql, batch) == "completed|true|0|0|0|0|1.00")
        #expect(
            try await sql.value(
                "select output #>> '{callbacks,on_settled,refused}' from agentcorp.tasks where id = \(batch)")
                == "unknown queue \"default\"")
    }
}
