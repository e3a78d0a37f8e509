import TestSupport
import Testing

@Suite(.checkedDatabase)
struct PlanTriggerTests {
    private static let triggers = """
        [{"topic": "alerts.*", "where": "event.severity >= 3", "key": "{{ event.id }}", "debounce": "30s"},
         {"cron": "0 * * * *", "timezone": "Europe/Amsterdam"}, {"webhook": "pagerduty", "secret": {"env": "PD_SECRET"}}]
        """
    private static let list =
        "select number, kind, what, paused_at is not null from agentcorp.plan_triggers order by plan, number"

    private func put(_ sql: Session, _ triggers: String, name: String = "incident", more: String = "") async throws {
        try await sql.run(
            #"select agentcorp.put_plan('\#(name)', '{"on": \#(triggers), \#(more)"tasks": {"a": {"kind": "x"}}}')"#)
    }

    private func event(_ sql: Session, _ id: Int, key: String?, debounce: String? = nil) async throws -> String {
        try await sql.value(
            """
            select b.run_id || ' ' || b.is_new from agentcorp.start_by_event('t', 'incident',
                '{"id": \(id), "topic": "alerts.x", "data": {"n": \(id)}}', \(key.map { "'\($0)'" } ?? "null"), \(debounce.map { "'\($0)'" } ?? "null")) b
            """)
    }

    @Test("the current version of a plan has its triggers; removing the plan removes them")
    func versions() async throws {
        let sql = try await Session.open()
        try await put(sql, Self.triggers)
        #expect(
            try await sql.rows(Self.list) == [
                "0|topic|alerts.*|false", "1|cron|0 * * * *|false", "2|webhook|pagerduty|false",
            ])
        #expect(try await sql.rows("select pattern, kind from agentcorp.subscriptions") == ["alerts.*|plan_trigger"])
        #expect(
            try await sql.rows("select cron, time_zone, kind from agentcorp.schedules")
                == ["0 * * * *|Europe/Amsterdam|plan"])
        try await put(sql, #"[{"topic": "calls.**"}]"#)
        #expect(try await sql.rows(Self.list) == ["0|topic|calls.**|false"])
        #expect(try await sql.rows("select pattern from agentcorp.subscriptions") == ["calls.**"])
        #expect(try await sql.int("select count(*) from agentcorp.schedule") == 0)
        // Back to the first version: its triggers are back.
        try await put(sql, Self.triggers)
        #expect(try await sql.int("select count(*) from agentcorp.plan_triggers") == 3)
        try await sql.run("select agentcorp.remove_plan('incident')")
        for table in ["plan_trigger", "subscription", "schedule"] {
            #expect(try await sql.int("select count(*) from agentcorp.\(table)") == 0, "\(table)")
        }
    }

    @Test("a trigger that the next version has too stays as it is, paused or not, wherever it stands")
    func kept() async throws {
        let sql = try await Session.open()
        try await put(sql, Self.triggers)
        try await sql.run(
            "select agentcorp.pause_plan_trigger('incident', 0), agentcorp.pause_plan_trigger('incident', 1)")
        #expect(try await sql.rows("select enabled from agentcorp.subscriptions") == ["false"])
        let made = try await sql.rows("select id from agentcorp.subscription")
        try await put(
            sql,
            #"[{"cron": "0 * * * *", "timezone": "Europe/Amsterdam"}, {"topic": "new"}, {"topic": "alerts.*", "where": "event.severity >= 3", "key": "{{ event.id }}", "debounce": "30s"}]"#
        )
        #expect(
            try await sql.rows(Self.list) == [
                "0|cron|0 * * * *|true", "1|topic|new|false", "2|topic|alerts.*|true",
            ])
        #expect(try await sql.rows("select id from agentcorp.subscription where pattern = 'alerts.*'") == made)
        #expect(try await sql.value("select paused_at is not null from agentcorp.schedules") == "true")
        try await sql.run(
            "select agentcorp.pause_plan_trigger('incident', 0, false), agentcorp.pause_plan_trigger('incident', 2, false)"
        )
        #expect(try await sql.rows("select distinct enabled from agentcorp.subscriptions") == ["true"])
        #expect(try await sql.value("select paused_at is null from agentcorp.schedules") == "true")
        try await sql.refuses("select agentcorp.pause_plan_trigger('incident', 3)", "AC001", "no trigger 3")
    }

    @Test(
        "what is no trigger is refused, and the version with it",
        arguments: [
            (#"{"topic": "x"}"#, "not an array"), (#"["x"]"#, "not an object"), ("[{}]", "there are 0"),
            (#"[{"topic": "x", "cron": "@daily"}]"#, "there are 2"), (#"[{"topic": "x", "wehre": "y"}]"#, "wehre"),
            (#"[{"topic": "a..b"}]"#, "pattern"), (#"[{"topic": "a", "debounce": "soon"}]"#, "duration"),
            (#"[{"topic": "a", "debounce": "0s"}]"#, "debounce"), (#"[{"topic": 5}]"#, "not a string"),
            (#"[{"cron": "99 * * * *"}]"#, "99"), (#"[{"cron": "@daily", "timezone": "Mars"}]"#, "time zone"),
            (#"[{"webhook": "A/b", "secret": {"env": "X"}}]"#, "not valid"), (#"[{"webhook": "w"}]"#, "secret"),
            (#"[{"webhook": "w", "secret": {"env": "X", "value": "s3cret"}}]"#, "secret"),
            (#"[{"webhook": "w", "secret": "s3cret"}]"#, "secret"), (#"[{"topic": "a"}, {"topic": "a"}]"#, "twice"),
        ])
    func refused(triggers: String, word: String) async throws {
        let sql = try await Session.open()
        try await sql.refuses(
            #"select agentcorp.put_plan('p', '{"on": \#(triggers), "tasks": {"a": {"kind": "x"}}}')"#, "AC007", word)
        #expect(try await sql.int("select count(*) from agentcorp.plan_version") == 0)
    }

    @Test("a plan that requires an input cannot start by itself; a webhook belongs to one plan")
    func unfit() async throws {
        let sql = try await Session.open()
        try await sql.refuses(
            #"select agentcorp.put_plan('p', '{"on": [{"topic": "a"}], "input": {"required": ["q"]}, "tasks": {"a": {"kind": "x"}}}')"#,
            "AC007", "cannot start by itself", hint: "trigger")
        try await put(sql, Self.triggers)
        try await sql.refuses(
            #"select agentcorp.put_plan('other', '{"on": [{"webhook": "pagerduty", "secret": {"env": "X"}}], "tasks": {"a": {"kind": "x"}}}')"#,
            "AC007", "is that of plan \"incident\"")
    }

    @Test("an event enqueues the task that decides; a paused trigger passes events over")
    func events() async throws {
        let sql = try await Session.open()
        try await put(sql, Self.triggers)
        try await sql.emit(#"'alerts.disk', '{"severity": 4}'"#)
        #expect(
            try await sql.rows(
                "select kind, args ->> 'plan', args #>> '{on,where}', args #>> '{event,topic}' from agentcorp.tasks")
                == ["plan_trigger|incident|event.severity >= 3|alerts.disk"])
        try await sql.run("select agentcorp.pause_plan_trigger('incident', 0)")
        try await sql.emit("'alerts.disk'")
        #expect(try await sql.int("select count(*) from agentcorp.task") == 1)
    }

    @Test("a key starts one run for ever, also when that has ended and is gone; without a key each event is one")
    func keys() async throws {
        let sql = try await Session.open()
        try await put(sql, "[]")
        #expect(try await event(sql, 5, key: "k") == "1 true")
        #expect(try await event(sql, 6, key: "k") == "1 false")
        try await sql.run("select agentcorp.cancel(1)")
        #expect(try await event(sql, 7, key: "k") == "1 false")
        #expect(try await event(sql, 8, key: nil) == "2 true")
        #expect(try await event(sql, 8, key: "") == "2 false")
        #expect(try await event(sql, 9, key: nil) == "3 true")
        #expect(
            try await sql.rows("select run_id || ' ' || is_new from agentcorp.start_plan('incident', 'k')") == [
                "1 false"
            ])
        // The key of one plan is none of another.
        try await put(sql, "[]", name: "other")
        #expect(try await sql.rows("select is_new from agentcorp.start_plan('other', 'k')") == ["true"])
        #expect(
            try await sql.value("select args - 'version' from agentcorp.task where id = 1")
                == #"{"plan": "incident", "input": {}, "origin": {"id": 5, "topic": "alerts.x"}, "trigger": {"n": 5}}"#)
        try await sql.refuses("select agentcorp.start_plan('incidnet', 'k')", "AC001", hint: "incident")
        // For ever is a year.
        try await sql.setClock("366 days")
        #expect(try await sql.value("select agentcorp.prune_starts(0::smallint)") == "false")
        #expect(try await event(sql, 5, key: "k") == "5 true")
    }

    @Test("two who start the same key at once start one run")
    func race() async throws {
        let one = try await Session.open()
        let two = try await Session.open()
        try await put(one, "[]")
        try await one.run("begin")
        #expect(try await event(one, 5, key: "k") == "1 true")
        async let second = event(two, 6, key: "k")
        try await one.waitUntilBlocked(two)
        try await one.run("commit")
        #expect(try await second == "1 false")
        try await one.run("begin")
        #expect(try await event(one, 5, key: "l").hasSuffix(" true"))
        async let winner = event(two, 6, key: "l")
        try await one.waitUntilBlocked(two)
        try await one.run("rollback")
        #expect(try await winner.hasSuffix(" true"))
        #expect(try await one.int("select count(*) from agentcorp.task") == 2)
    }

    @Test("a burst of events with one key starts one run, with the last of them, when it has been quiet")
    func debounce() async throws {
        let sql = try await Session.open()
        try await put(sql, "[]")
        #expect(try await event(sql, 5, key: "k", debounce: "30s") == "1 true")
        try await sql.setClock("20 seconds")
        #expect(try await event(sql, 7, key: "k", debounce: "30s") == "2 false")
        // One that was delayed does not take the place of a later one.
        #expect(try await event(sql, 6, key: "k", debounce: "30s") == "2 false")
        #expect(
            try await sql.rows("select id, state, args #>> '{trigger,n}' from agentcorp.tasks order by id") == [
                "1|cancelled|5", "2|scheduled|7",
            ])
        try await sql.setClock("40 seconds")
        #expect(try await sql.int("select promoted from agentcorp.promote(0::smallint)") == 0)
        try await sql.setClock("51 seconds")
        #expect(try await sql.int("select promoted from agentcorp.promote(0::smallint)") == 1)
        let worker = try await sql.worker()
        #expect(try await sql.claim(worker) == [2])
        // It has begun: what comes now is too late for it, and the key is spent.
        #expect(try await event(sql, 9, key: "k", debounce: "30s") == "2 false")
        try await sql.finish(2, worker)
        #expect(try await event(sql, 10, key: "k", debounce: "30s") == "2 false")
    }

    @Test("without a key a burst is that of the trigger, and the next burst starts the next run")
    func burst() async throws {
        let sql = try await Session.open()
        try await put(sql, "[]")
        #expect(try await event(sql, 5, key: nil, debounce: "30s") == "1 true")
        #expect(try await event(sql, 6, key: nil, debounce: "30s") == "2 true")
        // An attempt that was lost says it again.
        #expect(try await event(sql, 6, key: nil, debounce: "30s") == "2 false")
        #expect(try await sql.rows("select state from agentcorp.tasks order by id") == ["cancelled", "scheduled"])
        try await sql.setClock("31 seconds")
        _ = try await sql.int("select promoted from agentcorp.promote(0::smallint)")
        let worker = try await sql.worker()
        #expect(try await sql.claim(worker) == [2])
        #expect(try await event(sql, 7, key: nil, debounce: "30s") == "3 true")
        try await sql.finish(2, worker)
        #expect(
            try await sql.rows("select id, state from agentcorp.tasks order by id") == [
                "1|cancelled", "2|completed", "3|scheduled",
            ])
    }

    @Test("a cron starts the run itself, which is told for which moment")
    func cron() async throws {
        let sql = try await Session.open()
        try await sql.setMoment("2030-01-01 11:59:30")
        try await put(sql, #"[{"cron": "0 * * * *", "timezone": "Europe/Amsterdam"}]"#)
        try await sql.setMoment("2030-01-01 12:00:05")
        #expect(try await sql.int("select fired from agentcorp.fire_schedules(0::smallint)") == 1)
        #expect(
            try await sql.rows(
                "select kind, name, args ->> 'plan', args #>> '{trigger,cron}', (args #>> '{trigger,fire_at}')::timestamptz = '2030-01-01 12:00Z' from agentcorp.tasks"
            ) == ["plan|incident|incident|0 * * * *|true"])
        // The next while this one runs is left out.
        try await sql.setMoment("2030-01-01 13:00:05")
        _ = try await sql.int("select fired from agentcorp.fire_schedules(0::smallint)")
        #expect(try await sql.rows("select skipped from agentcorp.fires order by fire_at") == ["", "overlap"])
    }

    @Test("a delivery starts one run; the same signed bytes under another id start none")
    func webhooks() async throws {
        let sql = try await Session.open()
        try await put(sql, Self.triggers)
        func start(_ delivery: String, proof: String? = nil) async throws -> String {
            try await sql.value(
                "select b.run_id || ' ' || b.is_new from agentcorp.start_by_webhook('pagerduty', '\(delivery)', '[1]', \(proof.map { "'\($0)'" } ?? "null")) b"
            )
        }
        #expect(try await start("a") == "1 true")
        #expect(try await start("a") == "1 false")
        #expect(try await start("b", proof: "p") == "2 true")
        #expect(try await start("c", proof: "p") == "2 false")
        // Sent again, and so signed at another time.
        #expect(try await start("b", proof: "q") == "2 false")
        #expect(try await sql.value("select args -> 'trigger' from agentcorp.task where id = 1") == "[1]")
        try await sql.refuses("select agentcorp.start_by_webhook('x', 'a', '1')", "AC001")
        try await sql.refuses("select agentcorp.start_by_webhook('pagerduty', '', '1')", "AC007")
        try await sql.run("select agentcorp.pause_plan_trigger('incident', 2)")
        try await sql.refuses("select agentcorp.start_by_webhook('pagerduty', 'd', '1')", "AC009", "paused")
    }
}
