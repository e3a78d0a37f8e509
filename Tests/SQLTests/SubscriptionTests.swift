import TestSupport
import Testing

@Suite(.checkedDatabase)
struct SubscriptionTests {
    @Test("an event enqueues a task for each subscription that matches, with the event among its arguments")
    func deliver() async throws {
        let sql = try await Session.open()
        try await sql.run("select agentcorp.create_queue('mail')")
        try await sql.run(
            #"select agentcorp.subscribe('receipts', 'orders.*', 'mail', '{"to": "x", "event": 1}', 'mail', '{"priority": 1, "tags": ["t"], "timeout": "30s"}')"#
        )
        try await sql.run("select agentcorp.subscribe('audit', '#', 'log')")
        try await sql.run("select agentcorp.subscribe('asleep', '**', 'log', enabled => false)")
        let event = try await sql.emit(#"'orders.paid', '{"total": 30}', '42'"#)
        #expect(try await sql.emit("'orders.paid', '{}', '42'") == event)
        try await sql.emit("'users.made'")
        #expect(
            try await sql.rows(
                "select kind, queue, priority, tags, args #>> '{event,topic}', args -> 'event' -> 'data', args ->> 'to' from agentcorp.tasks order by id"
            )
                == [
                    #"mail|mail|1|["t"]|orders.paid|{"total": 30}|x"#, #"log|default|4||orders.paid|{"total": 30}|"#,
                    "log|default|4||users.made|{}|",
                ])
        #expect(
            try await sql.value(
                "select (args -> 'event') - 'created_at' - 'data' from agentcorp.tasks where kind = 'mail'")
                == #"{"id": \#(event), "key": "42", "topic": "orders.paid"}"#)
        // The task is unique per subscription and event.
        #expect(
            try await sql.rows("select policy ->> 'unique_key' from agentcorp.task where kind = 'mail'")
                == ["subscription:1:\(event)"])
    }

    @Test("the same name again changes a subscription; without it nothing more is enqueued")
    func change() async throws {
        let sql = try await Session.open()
        for kind in ["a", "a", "b"] { try await sql.run("select agentcorp.subscribe('s', 't', '\(kind)')") }
        try await sql.emit("'t'")
        #expect(try await sql.rows("select kind from agentcorp.tasks") == ["b"])
        #expect(
            try await sql.rows(
                "select name, pattern, enabled, kind, args, queue, options, failures, error from agentcorp.subscriptions"
            )
                == ["s|t|true|b|{}|default|{}|0|"])
        #expect(try await sql.value("select agentcorp.unsubscribe('s')") == "true")
        #expect(try await sql.value("select agentcorp.unsubscribe('s')") == "false")
        try await sql.emit("'t'")
        #expect(try await sql.int("select count(*) from agentcorp.task") == 1)
    }

    @Test("a subscription that cannot be served says why, and spoils neither the event nor the others")
    func bad() async throws {
        let sql = try await Session.open()
        let other = try await Session.open()
        for name in ["a", "b", "c"] { try await sql.run("select agentcorp.subscribe('\(name)', 't', '\(name)')") }
        try await sql.run(#"update agentcorp.subscription set task = task || '{"queue": "gone"}' where name = 'b'"#)
        try await sql.run("begin")
        try await sql.emit("'t'")
        // Emitters do not wait for each other to note it.
        try await other.emit("'t'")
        try await sql.run("commit")
        #expect(
            try await sql.rows("select kind, count(*) from agentcorp.tasks group by 1 order by 1") == ["a|2", "c|2"])
        #expect(
            try await sql.rows(
                "select name, failures, failed_at is null, error from agentcorp.subscriptions order by 1") == [
                    "a|0|true|", #"b|1|false|event 1: unknown queue "gone""#, "c|0|true|",
                ])
        // Mended, it is forgotten.
        try await sql.run("select agentcorp.subscribe('b', 't', 'b')")
        #expect(try await sql.rows("select failures, error from agentcorp.subscriptions where name = 'b'") == ["0|"])
    }

    @Test("what hits the whole transaction is not blamed on a subscription")
    func cancelled() async throws {
        let sql = try await Session.open()
        let other = try await Session.open()
        try await sql.run("select agentcorp.subscribe('s', 't', 'a')")
        try await other.run("begin; select agentcorp.take_key(0::smallint, 'subscription:1:1', 1, 'return')")
        try await sql.run("set statement_timeout = '300 ms'")
        try await sql.refuses("select agentcorp.emit_event('t')", "57014")
        try await other.run("rollback")
        #expect(try await sql.rows("select failures from agentcorp.subscriptions") == ["0"])
        #expect(try await sql.int("select count(*) from agentcorp.event") == 0)
    }

    @Test("what cannot be subscribed to is refused, with advice")
    func refusals() async throws {
        let sql = try await Session.open()
        func refuses(_ arguments: String, _ state: String, _ message: String, hint: String = "") async throws {
            try await sql.refuses("select agentcorp.subscribe(\(arguments))", state, message, hint: hint)
        }
        try await refuses("'', 't', 'a'", "AC007", "name")
        try await refuses("'s', 'a.**.b', 'a'", "AC007", "pattern")
        try await refuses("'s', null, 'a'", "AC007", "pattern")
        try await refuses("'s', 't', ''", "AC007", "kind")
        try await refuses("'s', 't', null", "AC007", "kind")
        try await refuses("'s', 't', 'a', '[]'", "AC007", "not an object")
        try await refuses("'s', 't', 'a', queue => 'defualt'", "AC006", "unknown queue", hint: "default")
        try await refuses(#"'s', 't', 'a', options => '{"priorty": 1}'"#, "AC007", "priorty", hint: "priority")
        try await refuses(#"'s', 't', 'a', options => '{"priority": 10}'"#, "AC007", "subscription \"s\"/priority")
        try await refuses(#"'s', 't', 'a', options => '{"unique_key": "k"}'"#, "AC007", "unique_key")
        try await refuses("'s', 't', 'a', jsonb_build_object('a', repeat('x', 9000))", "AC008", "8 KiB")
        #expect(try await sql.int("select count(*) from agentcorp.subscription") == 0)
    }

    @Test("the largest event fits into the arguments of the largest subscription, and into a step")
    func large() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.parked(worker, "'e', 't'")
        try await sql.run("select agentcorp.subscribe('s', '**', 'a', jsonb_build_object('a', repeat('x', 8000)))")
        try await sql.emit("'t', jsonb_build_object('a', repeat('y', 245000)), repeat('ä', 500)")
        #expect(try await sql.rows("select failures, error from agentcorp.subscriptions") == ["0|"])
        #expect(try await sql.state(task) == "ready")
    }

    @Test("ten thousand subscriptions that do not match cost an emitter nothing: they are not looked at")
    func tenThousand() async throws {
        let sql = try await Session.open()
        try await sql.run(
            """
            insert into agentcorp.subscription (created_at, enabled, name, pattern, task)
            select now(), true, 's' || i, 'orders.*.x' || i, '{"kind": "a", "args": {}}' from generate_series(1, 10000) i;
            """)
        let plan = try await sql.plan(
            "select s.id from agentcorp.subscription s where s.pattern = any (agentcorp.patterns_of('orders.eu.x77')) and s.enabled"
        )
        #expect(plan.contains("subscription_pattern"), "\(plan)")
        #expect(!plan.contains("Seq Scan"), "\(plan)")
        try await sql.emit("'orders.eu.x77'")
        #expect(try await sql.rows("select args #>> '{event,topic}' from agentcorp.tasks") == ["orders.eu.x77"])
    }
}
