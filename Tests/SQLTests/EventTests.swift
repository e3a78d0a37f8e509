import TestSupport
import Testing

@Suite(.checkedDatabase)
struct EventTests {
    @Test("per topic and key the first event stands; without a key each one is new")
    func firstWins() async throws {
        let sql = try await Session.open()
        let first = try await sql.emit(#"'orders.paid', '{"total": 30}', '42'"#)
        #expect(try await sql.emit(#"'orders.paid', '{"total": 31}', '42'"#) == first)
        #expect(try await sql.emit("'orders.paid', '{}', '43'") != first)
        #expect(try await sql.emit("'orders.made', '{}', '42'") != first)
        #expect(try await sql.emit("'tick'") != sql.emit("'tick'"))
        #expect(
            try await sql.rows("select topic, key, data from agentcorp.events order by id") == [
                #"orders.paid|42|{"total": 30}"#, "orders.paid|43|{}", "orders.made|42|{}", "tick||{}", "tick||{}",
            ])
        #expect(try await sql.emit("'nothing', null") > first)
        #expect(try await sql.value("select data::text from agentcorp.events where topic = 'nothing'") == "null")
    }

    @Test("an event comes with its transaction, or not at all: nobody wakes, no task is added")
    func transactional() async throws {
        let sql = try await Session.open()
        let other = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.parked(worker, "'e', 'orders.paid', '42'")
        try await sql.run("select agentcorp.subscribe('s', 'orders.*', 'mail')")
        try await sql.run("begin")
        try await sql.emit("'orders.paid', '{}', '42'")
        #expect(try await other.int("select count(*) from agentcorp.events") == 0)
        #expect(try await other.state(task) == "waiting")
        #expect(try await other.int("select count(*) from agentcorp.task") == 1)
        try await sql.run("rollback")
        #expect(try await sql.state(task) == "waiting")
        #expect(try await sql.int("select count(*) from agentcorp.task") == 1)
        try await sql.run("begin")
        try await sql.emit("'orders.paid', '{}', '42'")
        try await sql.run("commit")
        #expect(try await sql.state(task) == "ready")
        #expect(try await sql.int("select count(*) from agentcorp.task") == 2)
    }

    @Test("of two emitters of one key the second waits: it gets the first's id, or is the first after a rollback")
    func twoEmitters() async throws {
        let one = try await Session.open()
        let two = try await Session.open()
        try await one.run("begin")
        let first = try await one.emit("'t', '1', 'k'")
        async let second = two.emit("'t', '2', 'k'")
        try await one.waitUntilBlocked(two)
        try await one.run("commit")
        #expect(try await second == first)
        try await one.run("begin")
        let lost = try await one.emit("'t', '1', 'other'")
        async let winner = two.emit("'t', '2', 'other'")
        try await one.waitUntilBlocked(two)
        try await one.run("rollback")
        #expect(try await winner != lost)
        #expect(try await one.rows("select key, data from agentcorp.events order by id") == ["k|1", "other|2"])
    }

    @Test(
        "what is no topic is refused",
        arguments: [
            "''", "'.'", "'a.'", "'.a'", "'a..b'", "'a b'", "'a.*'", "'#'", "E'a\\nb'", "E'a\\x01'", "repeat('x', 251)",
            "'a.b.c.d.e.f.g.h.i.j.k'", "null",
        ])
    func topics(topic: String) async throws {
        let sql = try await Session.open()
        try await sql.refuses("select agentcorp.emit_event(\(topic))", "AC007", "is not valid", hint: "orders.created")
    }

    @Test("hostile keys and data are kept as they are, or refused")
    func hostile() async throws {
        let sql = try await Session.open()
        try await sql.refuses("select agentcorp.emit_event('t', key => '')", "AC007", "key")
        try await sql.refuses("select agentcorp.emit_event('t', key => repeat('ä', 501))", "AC007", "key")
        try await sql.refuses(
            "select agentcorp.emit_event('t', jsonb_build_object('a', repeat('x', 250000)))", "AC008", "244 KiB")
        let worker = try await sql.worker()
        for (topic, key) in [
            ("');drop--", "''; --"), ("ö.é/x:y-z_1%", "%_\\"), ("$1", "🦉"),
        ] {
            try await sql.run(
                "select set_config('t.topic', $q$\(topic)$q$, false), set_config('t.key', $q$\(key)$q$, false)")
            let arguments = "current_setting('t.topic')"
            let task = try await sql.parked(worker, "'e', \(arguments), current_setting('t.key')")
            try await sql.emit("\(arguments), '{}', current_setting('t.key') || '.'")
            #expect(try await sql.state(task) == "waiting")
            try await sql.emit("\(arguments), '{}', current_setting('t.key')")
            #expect(try await sql.claim(worker) == [task])
            try await sql.finish(task, worker)
        }
    }

    @Test(
        "a pattern matches word by word",
        arguments: [
            ("orders.paid", ["orders.paid", "*.paid", "orders.*", "*.*", "orders.**", "**", "orders.#", "#"]),
            (
                "orders.eu.paid",
                ["orders.eu.paid", "orders.*.paid", "*.*.*", "orders.**", "orders.#", "orders.*.**", "**", "#"]
            ),
            ("orders", ["orders", "*", "**", "#"]),
        ])
    func patterns(topic: String, matching: [String]) async throws {
        let sql = try await Session.open()
        let all = [
            "orders.paid", "*.paid", "orders.*", "*.*", "orders.**", "**", "orders.#", "#", "orders.eu.paid",
            "orders.*.paid", "*.*.*", "orders.*.**", "orders", "*", "orders.eu.paid.**", "order.*", "Orders.**",
        ]
        for pattern in all {
            let matches = try await sql.value(
                "select agentcorp.check_pattern('\(pattern)') = any (agentcorp.patterns_of('\(topic)'))")
            #expect((matches == "true") == matching.contains(pattern), "\(topic) \(pattern)")
        }
        let deepest = "a.b.c.d.e.f.g.h.i.j"
        #expect(try await sql.int("select cardinality(agentcorp.patterns_of('\(deepest)'))") == 2047)
    }

    @Test(
        "what is no pattern is refused", arguments: ["", "a.**.b", "**.a", "a*", "a.#.b", "***", "a b", "a..*", ".*"])
    func badPatterns(pattern: String) async throws {
        let sql = try await Session.open()
        try await sql.refuses(
            "select agentcorp.check_pattern('\(pattern)')", "AC007", "is not valid", hint: "orders.*.paid")
        try await sql.refuses("select agentcorp.list_events('\(pattern)')", "AC007")
        try await sql.refuses("select agentcorp.follow_events(null, '\(pattern)')", "AC007")
    }

    @Test("events are listed newest first, by pattern and key, page by page")
    func list() async throws {
        let sql = try await Session.open()
        for topic in ["a.x", "a.y", "b.x", "a.x.z"] { try await sql.emit("'\(topic)', key => '\(topic)'") }
        func list(_ arguments: String) async throws -> [String] {
            try await sql.rows("select topic from agentcorp.list_events(\(arguments))")
        }
        #expect(try await list("") == ["a.x.z", "b.x", "a.y", "a.x"])
        #expect(try await list("'a.*'") == ["a.y", "a.x"])
        #expect(try await list("'a.**', limit_to => 2") == ["a.x.z", "a.y"])
        #expect(try await list("'a.**', before => 4") == ["a.y", "a.x"])
        #expect(try await list("'a.x'") == ["a.x"])
        #expect(try await list("only_key => 'b.x'") == ["b.x"])
        #expect(try await list("'a.*', 'b.x'").isEmpty)
    }

    @Test("who follows misses no event, also when one with a smaller id commits later")
    func follow() async throws {
        let sql = try await Session.open()
        let slow = try await Session.open()
        try await sql.emit("'before'")
        var position = ""
        func follow(_ pattern: String = "null") async throws -> String {
            let since = position.isEmpty ? "null" : "'\(position)'"
            let row = try await sql.rows(
                """
                select reached, (select string_agg(e ->> 'topic', ' ' order by o) from jsonb_array_elements(events) with ordinality x(e, o))
                from agentcorp.follow_events(\(since), \(pattern))
                """)[0].split(separator: "|", omittingEmptySubsequences: false)
            position = String(row[0])
            return String(row[1])
        }
        #expect(try await follow() == "")
        #expect(try await follow() == "")
        try await slow.run("begin")
        try await slow.emit("'slow.one'")
        try await sql.emit("'fast.one'")
        try await sql.emit("'fast.two'")
        #expect(try await follow() == "fast.one fast.two")
        #expect(try await follow() == "")
        try await slow.run("commit")
        try await sql.emit("'fast.three'")
        let here = position
        #expect(try await follow() == "slow.one fast.three")
        position = here
        #expect(try await follow("'slow.*'") == "slow.one")
        try await sql.refuses("select agentcorp.follow_events('yesterday')", "AC007", "position", hint: "earlier")
        #expect(try await follow() == "")
    }
}
