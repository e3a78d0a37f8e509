import TestSupport
import Testing

@Suite(.checkedDatabase)
struct WaitTests {
    @Test("a parked task holds no worker, wakes with its event, and replays it in every later attempt")
    func parkAndWake() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.parked(worker, "'paid', 'orders.paid', '42'")
        #expect(try await sql.state(task) == "waiting")
        #expect(try await sql.rows("select id from agentcorp.tasks where state = 'waiting'") == ["\(task)"])
        #expect(try await sql.claim(worker).isEmpty)
        #expect(try await sql.int("select count(*) from agentcorp.claim") == 0)
        #expect(
            try await sql.rows("select task_id, name, topic, key, parked, timeout_at is null from agentcorp.waits")
                == ["\(task)|paid|orders.paid|42|true|true"])
        try await sql.settle()
        #expect(try await sql.state(task) == "waiting")
        try await sql.emit("'orders.paid', '{}', '41'")
        try await sql.emit("'orders.made', '{}', '42'")
        #expect(try await sql.state(task) == "waiting")
        try await sql.emit(#"'orders.paid', '{"total": 30}', '42'"#)
        #expect(try await sql.waits() == 0)
        #expect(try await sql.claim(worker) == [task])
        #expect(try await sql.await(task, 2, "'paid', 'orders.paid', '42'") == #"{"total": 30}"#)
        #expect(
            try await sql.value("select agentcorp.step_get(\(task), 'paid') - 'created_at'")
                == #"{"id": 3, "key": "42", "data": {"total": 30}, "topic": "orders.paid"}"#)
        try await sql.finish(task, worker, "'failed', delay => '0 s'")
        try await sql.settle()
        #expect(try await sql.claim(worker) == [task])
        #expect(try await sql.await(task, 3, "'paid', 'orders.paid', '42'") == #"{"total": 30}"#)
        try await sql.finish(task, worker)
        #expect(try await sql.int("select count(*) from agentcorp.blocked") == 0)
    }

    @Test("with a key an event that came before counts; without one only the next does")
    func beforeAndAfter() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.emit("'t', '1', 'k'")
        try await sql.emit("'t', '2'")
        let task = try await sql.running(worker)
        #expect(try await sql.await(task, 1, "'keyed', 't', 'k'") == "1")
        #expect(try await sql.waits() == 0)
        #expect(try await sql.await(task, 1, "'next', 't'") == "")
        try await sql.finish(task, worker, "'suspended'")
        try await sql.emit("'t', '3', 'other key'")
        try await sql.emit("'t', '4'")
        #expect(try await sql.claim(worker) == [task])
        #expect(try await sql.await(task, 2, "'next', 't'") == "3")
        #expect(try await sql.await(task, 2, "'next but one', 't'") == "")
        try await sql.finish(task, worker)
        #expect(try await sql.waits() == 0)
    }

    @Test("an event between the registration and the suspension is not missed")
    func between() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        #expect(try await sql.await(task, 1, "'e', 't', 'k'") == "")
        try await sql.emit("'t', '1', 'k'")
        #expect(try await sql.state(task) == "running")
        #expect(try await sql.int("select count(*) from agentcorp.waits") == 0)
        try await sql.finish(task, worker, "'suspended'")
        #expect(try await sql.state(task) == "ready")
        #expect(try await sql.waits() == 0)
        #expect(try await sql.claim(worker) == [task])
        #expect(try await sql.await(task, 2, "'e', 't', 'k'") == "1")
        try await sql.finish(task, worker, "'suspended'")
        #expect(try await sql.state(task) == "ready")
    }

    @Test("a wait ends with its time, and says so; the time runs from the first attempt that asked")
    func timeout() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.parked(worker, "'e', 't', null, '1 minute'")
        #expect(
            try await sql.rows(
                "select expired, next_in_ms between 50000 and 60000 from agentcorp.expire_waits(0::smallint)")
                == ["0|true"])
        try await sql.setClock("61 seconds")
        #expect(try await sql.rows("select * from agentcorp.expire_waits(0::smallint)") == ["1|"])
        #expect(try await sql.rows("select * from agentcorp.expire_waits(0::smallint)") == ["0|"])
        try await sql.emit("'t'")
        try await sql.run("select agentcorp.heartbeat(\(worker))")
        #expect(try await sql.claim(worker) == [task])
        #expect(try await sql.await(task, 2, "'e', 't', null, '1 minute'") == "timed out")
        // It goes on, fails, and waits on with the time that is left.
        #expect(try await sql.await(task, 2, "'f', 'u', null, '1 minute'") == "")
        try await sql.finish(task, worker, "'failed', delay => '30 s'")
        #expect(try await sql.rows("select parked from agentcorp.waits") == ["false"])
        try await sql.setClock("100 seconds")
        try await sql.settle()
        try await sql.run("select agentcorp.heartbeat(\(worker))")
        #expect(try await sql.claim(worker) == [task])
        #expect(try await sql.await(task, 3, "'f', 'u', null, '1 minute'") == "")
        try await sql.setClock("122 seconds")
        #expect(try await sql.await(task, 3, "'f', 'u', null, '1 minute'") == "timed out")
        #expect(try await sql.await(task, 3, "'g', 'u', null, '0 s'") == "timed out")
        try await sql.emit("'u', '1', 'k'")
        #expect(try await sql.await(task, 3, "'h', 'u', 'k', '0 s'") == "1")
    }

    @Test("a wait that expires while its task runs or is to run again is over all the same")
    func expiresUnparked() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        #expect(try await sql.await(task, 1, "'e', 't', null, '1 minute'") == "")
        try await sql.setClock("2 minutes")
        #expect(try await sql.rows("select * from agentcorp.expire_waits(0::smallint)") == ["1|"])
        try await sql.finish(task, worker, "'suspended'")
        #expect(try await sql.state(task) == "ready")
    }

    @Test(
        "a task that ends leaves no wait behind, however it ends",
        arguments: [
            "'completed'", "'completed', output => '1'", "'failed', retry => false", "'cancelled'", "'skipped'",
        ])
    func ends(how: String) async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        #expect(try await sql.await(task, 1, "'e', 't'") == "")
        #expect(try await sql.await(task, 1, "'f', 't', 'k'") == "")
        try await sql.emit("'t', '1', 'k'")
        try await sql.finish(task, worker, how)
        #expect(try await sql.waits() == 0)
        #expect(try await sql.int("select count(*) from agentcorp.blocked") == 0)
        try await sql.emit("'t'")
    }

    @Test("the hot path, too, leaves no wait behind")
    func endsInABatch() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        #expect(try await sql.await(task, 1, "'e', 't'") == "")
        try await sql.run(
            """
            select * from agentcorp.work(0::smallint, \(worker), 1, 0, '{}', '{}', (select array_agg(claim_id) from agentcorp.claim),
                '{\(task)}', '{1}', '{1.0}')
            """)
        #expect(try await sql.state(task) == "completed")
        #expect(try await sql.waits() == 0)
    }

    @Test("a parked task is cancelled like any other; retried, it waits anew but keeps what it has got")
    func cancelAndRetry() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        try await sql.emit("'t', '1', 'k'")
        #expect(try await sql.await(task, 1, "'first', 't', 'k'") == "1")
        #expect(try await sql.await(task, 1, "'second', 't'") == "")
        try await sql.finish(task, worker, "'suspended'")
        #expect(try await sql.int("select agentcorp.cancel(\(task))") == 1)
        #expect(try await sql.waits() == 0)
        try await sql.emit("'t', '2'")
        #expect(try await sql.state(task) == "cancelled")
        try await sql.run("select agentcorp.retry(\(task))")
        #expect(try await sql.claim(worker) == [task])
        #expect(try await sql.await(task, 3, "'first', 't', 'k'") == "1")
        #expect(try await sql.await(task, 3, "'second', 't'") == "")
        try await sql.finish(task, worker, "'suspended'")
        try await sql.emit("'t', '3'")
        #expect(try await sql.state(task) == "ready")
        // Running, and cancelled then.
        #expect(try await sql.claim(worker) == [task])
        #expect(try await sql.await(task, 4, "'third', 't'") == "")
        #expect(try await sql.int("select agentcorp.cancel(\(task))") == 1)
        #expect(try await sql.waits() == 0)
        #expect(try await sql.finish(task, worker, "'suspended'", attempt: 4) == false)
    }

    @Test("a task of a dead worker waits on: its next attempt finds the wait, and what came meanwhile")
    func rescue() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let lucky = try await sql.running(worker)
        #expect(try await sql.await(lucky, 1, "'e', 't'") == "")
        let patient = try await sql.running(worker)
        #expect(try await sql.await(patient, 1, "'e', 'u', null, '1 hour'") == "")
        try await sql.setClock("1 minute")
        #expect(try await sql.value("select tasks from agentcorp.rescue()") == "2")
        #expect(try await sql.waits() == 2)
        try await sql.emit("'t', '1'")
        try await sql.emit("'t', '2'")
        let next = try await sql.worker()
        #expect(try await Set(sql.claim(next, 2)) == [lucky, patient])
        #expect(try await sql.await(lucky, 2, "'e', 't'") == "1")
        #expect(try await sql.await(patient, 2, "'e', 'u', null, '1 hour'") == "")
        #expect(
            try await sql.value("select timeout_at < agentcorp.clock() + interval '59.5 minutes' from agentcorp.waits")
                == "true")
        try await sql.finish(lucky, next, "'suspended'")
        try await sql.finish(patient, next, "'suspended'")
        #expect(try await sql.state(lucky) == "ready")
        #expect(try await sql.state(patient) == "waiting")
        // 25 losses end a task, and its waits.
        try await sql.run("update agentcorp.worker set beat_at = agentcorp.clock()")
        #expect(try await sql.claim(next) == [lucky])
        #expect(try await sql.await(lucky, 3, "'f', 't'") == "")
        try await sql.run(
            """
            update agentcorp.attempt set outcome = 11 where task_id = \(lucky);
            insert into agentcorp.attempt (task_id, finished_at, attempt, outcome, shard) select \(lucky), now(), i, 11, 0 from generate_series(3, 24) i;
            update agentcorp.claim set attempts = '{25}';
            """)
        try await sql.setClock("5 minutes")
        try await sql.run("select agentcorp.rescue()")
        #expect(try await sql.state(lucky) == "failed")
        #expect(try await sql.waits() == 1)
    }

    @Test("a task with open subtasks wakes with its event, and ends after its subtasks all the same")
    func subtasks() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker, "'p', join_rule => '\"any\"'")
        try await sql.run(
            "select agentcorp.add_subtask(\(task), 'a', name => 'one'), agentcorp.add_subtask(\(task), 'a', name => 'two')"
        )
        #expect(try await sql.await(task, 1, "'e', 't'") == "")
        try await sql.finish(task, worker, "'suspended'")
        #expect(try await sql.state(task) == "waiting")
        // Neither the end of a subtask nor a failure wakes it, or spoils it.
        let children = try await sql.claim(worker, 2)
        #expect(children.count == 2)
        try await sql.finish(children[0], worker, "'failed', retry => false")
        try await sql.settle()
        #expect(try await sql.state(task) == "waiting")
        try await sql.run("select agentcorp.add_subtask(\(task), 'a', name => 'three')")
        #expect(try await TestDatabase.current.violations().isEmpty)
        try await sql.emit("'t', '1'")
        #expect(try await sql.state(task) == "ready")
        #expect(try await sql.state(children[1]) == "running")
        let claimed = try await sql.claim(worker, 2)
        #expect(claimed.contains(task))
        #expect(try await sql.await(task, 2, "'e', 't'") == "1")
        // Now it waits for its subtasks: any one is enough.
        try await sql.finish(task, worker, "'suspended'")
        #expect(try await sql.state(task) == "waiting")
        try await sql.finish(children[1], worker)
        try await sql.settle()
        #expect(try await sql.state(task) == "ready")
        #expect(try await sql.state(sql.id("three")) == "cancelled")
        try await sql.drain(worker)
        #expect(try await sql.state(task) == "completed")
    }

    @Test("a task that completes with open subtasks while it has a wait ends with its last subtask")
    func completesEarly() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        try await sql.run("select agentcorp.add_subtask(\(task), 'a')")
        #expect(try await sql.await(task, 1, "'e', 't'") == "")
        try await sql.finish(task, worker)
        #expect(try await sql.state(task) == "waiting")
        #expect(try await sql.waits() == 0)
        try await sql.emit("'t'")
        #expect(try await sql.state(task) == "waiting")
        try await sql.drain(worker)
        #expect(try await sql.state(task) == "completed")
    }

    @Test("a task that waits for subtasks instead forgets its wait")
    func turnsToSubtasks() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        try await sql.run("select agentcorp.add_subtask(\(task), 'a')")
        #expect(try await sql.await(task, 1, "'e', 't'") == "")
        try await sql.run(
            #"select agentcorp.finish_many(\#(worker), '[{"task": \#(task), "attempt": 1, "outcome": "suspended", "join": "settled"}]')"#
        )
        #expect(try await sql.waits() == 0)
        try await sql.emit("'t'")
        #expect(try await sql.state(task) == "waiting")
        try await sql.drain(worker)
        #expect(try await sql.state(task) == "completed")
    }

    @Test("a task that waits for several events wakes with the first of them")
    func several() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        #expect(try await sql.await(task, 1, "'one', 'x', '1'") == "")
        #expect(try await sql.await(task, 1, "'two', 'x', '2'") == "")
        try await sql.finish(task, worker, "'suspended'")
        try await sql.emit("'x', '2', '2'")
        #expect(try await sql.claim(worker) == [task])
        #expect(try await sql.await(task, 2, "'two', 'x', '2'") == "2")
        #expect(try await sql.await(task, 2, "'one', 'x', '1'") == "")
        try await sql.finish(task, worker, "'suspended'")
        #expect(try await sql.state(task) == "waiting")
        try await sql.emit("'x', '1', '1'")
        #expect(try await sql.state(task) == "ready")
    }

    @Test("one event wakes all who wait for it, with a key or without")
    func many() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run(
            "select agentcorp.enqueue_many((select jsonb_agg('{\"kind\": \"w\"}'::jsonb) from generate_series(1, 300)))"
        )
        #expect(try await sql.claim(worker, 300).count == 300)
        try await sql.run(
            """
            select agentcorp.await_event(t, 1, 'go', 'gun', case when t % 2 = 0 then 'k' end) from generate_series(1, 300) t;
            select agentcorp.finish_many(\(worker), (select jsonb_agg(jsonb_build_object('task', t, 'attempt', 1, 'outcome', 'suspended')) from generate_series(1, 300) t));
            """)
        #expect(try await sql.int("select count(*) from agentcorp.tasks where state = 'waiting'") == 300)
        try await sql.emit("'gun', '1', 'other'")
        #expect(try await sql.int("select count(*) from agentcorp.tasks where state = 'waiting'") == 150)
        try await sql.emit("'gun', '2', 'k'")
        #expect(try await sql.int("select count(*) from agentcorp.tasks where state = 'ready'") == 300)
        #expect(
            try await sql.rows("select value ->> 'data', count(*) from agentcorp.step group by 1 order by 1") == [
                "1|150", "2|150",
            ])
    }

    @Test("a parked task gives its slot to another, and stands in line when it wakes")
    func slots() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let one = try await sql.enqueue("'a', concurrency_key => 'k'")
        let two = try await sql.enqueue("'a', concurrency_key => 'k'")
        try await sql.run("select agentcorp.admit(0::smallint)")
        #expect(try await sql.claim(worker, 2) == [one])
        #expect(try await sql.await(one, 1, "'e', 't'") == "")
        try await sql.finish(one, worker, "'suspended'")
        try await sql.run("select agentcorp.admit(0::smallint)")
        #expect(try await sql.claim(worker, 2) == [two])
        try await sql.emit("'t'")
        #expect(try await sql.state(one) == "queued")
        try await sql.finish(two, worker)
        try await sql.run("select agentcorp.admit(0::smallint)")
        #expect(try await sql.claim(worker, 2) == [one])
    }

    @Test("only the running attempt can wait, and only for what makes sense")
    func refusals() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        func refuses(_ arguments: String, _ state: String, _ message: String) async throws {
            try await sql.refuses("select agentcorp.await_event(\(arguments))", state, message)
        }
        try await refuses("99, 1, 'e', 't'", "AC001", "unknown task 99")
        try await refuses("\(task), 2, 'e', 't'", "AC002", "attempt 2")
        try await refuses("\(task), 1, '', 't'", "AC007", "name")
        try await refuses("\(task), 1, null, 't'", "AC007", "name")
        try await refuses("\(task), 1, repeat('x', 1501), 't'", "AC007", "name")
        try await refuses("\(task), 1, 'e', 'a.*'", "AC007", "topic")
        try await refuses("\(task), 1, 'e', 't', ''", "AC007", "key")
        try await refuses("\(task), 1, 'e', 't', null, '-1 s'", "AC007", "negative")
        try await sql.finish(task, worker)
        try await refuses("\(task), 1, 'e', 't'", "AC002", "ended")
        let root = try await sql.tree(#"{"kind": "r", "subtasks": [{"kind": "a"}]}"#)
        try await refuses("\(root), 1, 'e', 't'", "AC009", "does not run")
        #expect(try await sql.waits() == 0)
    }

    @Test("asked again under one name, a wait is for what was asked last")
    func changed() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        #expect(try await sql.await(task, 1, "'e', 't', 'k', '1 hour'") == "")
        #expect(try await sql.await(task, 1, "'e', 'u'") == "")
        #expect(try await sql.rows("select topic, key, timeout_at is null from agentcorp.waits") == ["u||true"])
        try await sql.finish(task, worker, "'suspended'")
        try await sql.emit("'t', '1', 'k'")
        #expect(try await sql.state(task) == "waiting")
        try await sql.emit("'u', '2'")
        #expect(try await sql.state(task) == "ready")
    }

    @Test("the sweep mends a wait whose event was missed, and leaves the others alone")
    func sweep() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let keyed = try await sql.parked(worker, "'e', 't', 'k'")
        let next = try await sql.parked(worker, "'e', 't'")
        let running = try await sql.running(worker)
        #expect(try await sql.await(running, 1, "'e', 't', 'k'") == "")
        let other = try await sql.parked(worker, "'e', 't', 'other'")
        #expect(try await sql.rows("select * from agentcorp.sweep_waits(0::smallint)") == ["0|"])
        // As an emitter leaves it that did not see the waits.
        try await sql.run(
            """
            insert into agentcorp.event (id, created_at, xact, shard, topic, key, data)
            values (1000, agentcorp.clock(), pg_current_xact_id(), 0, 't', 'k', '1')
            """)
        #expect(try await sql.state(keyed) == "waiting")
        #expect(try await sql.rows("select * from agentcorp.sweep_waits(0::smallint, 0, 1)") == ["1|\(keyed)"])
        #expect(try await sql.rows("select * from agentcorp.sweep_waits(0::smallint, \(keyed))") == ["2|"])
        #expect(try await sql.rows("select * from agentcorp.sweep_waits(0::smallint)") == ["0|"])
        #expect(try await sql.state(keyed) == "ready")
        #expect(try await sql.state(next) == "ready")
        #expect(try await sql.state(other) == "waiting")
        try await sql.finish(running, worker, "'suspended'")
        #expect(try await sql.state(running) == "ready")
        #expect(try await sql.waits() == 1)
    }
}
