import Postgres
import TestSupport
import Testing

@Suite(.checkedDatabase)
struct HookTests {
    private static let all = "'{created,started,waiting,completed,failed,cancelled,skipped}'"

    private func follow(_ sql: Session, limit: Int = 1000) async throws -> Int {
        try await sql.int("select told from agentcorp.follow_hooks(0::smallint, \(limit))")
    }

    private func told(_ sql: Session) async throws -> [String] {
        try await sql.rows(
            "select data ->> 'task', data ->> 'attempt', data ->> 'event' from agentcorp.events order by id")
    }

    @Test("a hook is told what becomes of tasks, in their order, each thing once")
    func order() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.finish(try await sql.running(worker), worker)
        try await sql.enqueue("'before'")
        try await sql.run("select agentcorp.add_hook('h', \(Self.all), '{}', '{\"emit\": \"ops\"}')")
        #expect(try await follow(sql) == 0)
        _ = try await sql.claim(worker)
        try await sql.finish(2, worker)
        let task = try await sql.enqueue("'a', max_attempts => 1")
        #expect(try await follow(sql) == 3)
        #expect(try await told(sql) == ["2|1|started", "2|1|completed", "3||created"])
        #expect(try await follow(sql) == 0)
        _ = try await sql.claim(worker)
        #expect(try await follow(sql) == 1)
        // It runs for long: what it is told at the end is the end, not once more the start.
        for _ in 1...3 { #expect(try await follow(sql) == 0) }
        try await sql.finish(task, worker, #"'failed', error => '{"message": "it broke", "reason": "x"}'"#)
        #expect(try await follow(sql) == 1)
        let gone = try await sql.enqueue("'a'")
        try await sql.run("select agentcorp.cancel(\(gone))")
        #expect(try await follow(sql) == 2)
        #expect(
            try await told(sql).dropFirst(3) == [
                "3|1|started", "3|1|failed", "4||created", "4|1|cancelled",
            ])
        #expect(
            try await sql.rows("select key, data -> 'error' from agentcorp.events where data ->> 'event' = 'failed'")
                == [#"1 3 1 failed|{"reason": "x", "message": "it broke"}"#])
        for _ in 1...3 { #expect(try await follow(sql) == 0) }
        // Nothing is remembered for longer than it is needed.
        try await sql.setClock("1 minute")
        for _ in 1...3 { #expect(try await follow(sql) == 0) }
        #expect(try await sql.int("select count(*) from agentcorp.hook_seen") == 0)
    }

    @Test("a task that leaves its worker waits; it starts again with the next attempt")
    func waiting() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run("select agentcorp.add_hook('h', '{started,waiting,completed}')")
        let task = try await sql.parked(worker, "'e', 'topic'")
        try await sql.emit("'topic'")
        _ = try await sql.claim(worker)
        try await sql.finish(task, worker, attempt: 2)
        #expect(try await follow(sql) == 4)
        #expect(
            try await sql.rows(
                "select data ->> 'attempt', data ->> 'event' from agentcorp.events where topic = 'tasks' order by id")
                == ["1|started", "1|waiting", "2|started", "2|completed"])
    }

    @Test("filters: kind, queue, plan, name and tag, each one or several")
    func filters() async throws {
        let sql = try await Session.open()
        try await sql.run("select agentcorp.create_queue('mail')")
        try await sql.run(#"select agentcorp.put_plan('p', '{"tasks": {"a": {"kind": "x"}}}')"#)
        let filters = [
            "k": #"{"kind": ["a", "b"]}"#, "q": #"{"queue": "mail"}"#, "p": #"{"plan": "p"}"#, "n": #"{"name": "one"}"#,
            "t": #"{"tag": ["x", "y"]}"#, "both": #"{"kind": "a", "tag": "y"}"#,
        ]
        for (name, filter) in filters {
            try await sql.run(
                "select agentcorp.add_hook('\(name)', '{created}', '\(filter)', '{\"emit\": \"t.\(name)\"}')")
        }
        try await sql.enqueue("'a', name => 'one'")
        try await sql.enqueue("'b', queue => 'mail', tags => '{y}'")
        try await sql.run("select agentcorp.run_plan('p')")
        try await sql.enqueue("'c', parent_id => 3")
        try await sql.enqueue("'a', tags => '{z,y}'")
        _ = try await follow(sql)
        #expect(
            try await sql.rows(
                "select data ->> 'hook' || ': ' || string_agg(data ->> 'task', ' ' order by id) from agentcorp.events group by data ->> 'hook' order by 1"
            ) == ["both: 5", "k: 1 2 5", "n: 1", "p: 3 4", "q: 2", "t: 2 5"])
    }

    @Test("an action enqueues a task, once; hooks are told nothing of such tasks, nor of what is below them")
    func enqueue() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run(
            #"select agentcorp.add_hook('h', \#(Self.all), '{}', '{"enqueue": {"kind": "notify", "args": {"to": "x"}, "priority": 1, "tags": ["n"]}}')"#
        )
        try await sql.run("select agentcorp.add_hook('other', \(Self.all))")
        try await sql.enqueue()
        #expect(try await follow(sql) == 2)
        #expect(
            try await sql.rows(
                "select kind, priority, tags, args ->> 'to', args #>> '{event,event}' from agentcorp.tasks where id > 1"
            )
                == [#"notify|1|["n","hook:h"]|x|created"#])
        #expect(try await sql.claim(worker) == [2])
        try await sql.enqueue("'below', parent_id => 2")
        for _ in 1...3 { #expect(try await follow(sql) == 0) }
    }

    @Test("what commits late is told late, not lost: a transaction that was open before the others ended")
    func late() async throws {
        let sql = try await Session.open()
        let open = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run("select agentcorp.add_hook('h', '{created,completed}')")
        let task = try await sql.running(worker)
        try await open.run("begin")
        let late = try await open.enqueue("'late'")
        try await open.finish(task, worker)
        for _ in 1...3 {
            try await sql.enqueue("'early'")
            _ = try await follow(sql)
        }
        // Its clock is far behind what the hook has come to.
        try await sql.setClock("10 minutes")
        for _ in 1...3 { _ = try await follow(sql) }
        #expect(try await sql.int("select count(*) from agentcorp.events") == 4)
        try await open.run("commit")
        #expect(try await follow(sql) == 2)
        #expect(try await told(sql).suffix(2) == ["\(task)|1|completed", "\(late)||created"])
        for _ in 1...4 { #expect(try await follow(sql) == 0) }
    }

    @Test("what is told and how far the hook has come are committed together")
    func atomic() async throws {
        let sql = try await Session.open()
        let other = try await Session.open()
        try await sql.run("select agentcorp.add_hook('h', '{created}')")
        try await sql.enqueue()
        try await sql.run("begin")
        #expect(try await follow(sql) == 1)
        // Another coordinator that believes it leads does not wait, and tells nothing twice.
        #expect(try await follow(other) == 0)
        try await sql.run("rollback")
        #expect(try await follow(other) == 1)
        #expect(try await follow(sql) == 0)
    }

    @Test("a hook that fails says why, tries again, loses nothing, and holds up no other")
    func failing() async throws {
        let sql = try await Session.open()
        try await sql.run("select agentcorp.create_queue('mail')")
        try await sql.run(
            #"select agentcorp.add_hook('bad', '{created}', '{}', '{"enqueue": {"kind": "n", "queue": "mail"}}')"#)
        try await sql.run("select agentcorp.add_hook('good', '{created}')")
        try await sql.run(
            #"update agentcorp.hook set action = '{"enqueue": {"kind": "n", "queue": "gone"}}' where name = 'bad'"#)
        try await sql.enqueue()
        #expect(
            try await sql.rows("select told, failed, next_in_ms from agentcorp.follow_hooks(0::smallint)") == [
                "1|1|1000"
            ])
        #expect(try await sql.value("select error from agentcorp.hooks where name = 'bad'").contains("gone"))
        #expect(try await sql.rows("select failed from agentcorp.follow_hooks(0::smallint)") == ["0"])
        try await sql.run(
            #"select agentcorp.add_hook('bad', '{created}', '{}', '{"enqueue": {"kind": "n", "queue": "mail"}}')"#)
        #expect(try await follow(sql) == 1)
        #expect(try await sql.rows("select kind from agentcorp.tasks where kind = 'n'") == ["n"])
    }

    @Test("more than a batch is told in batches; a paused hook goes on where it was")
    func batches() async throws {
        let sql = try await Session.open()
        try await sql.run("select agentcorp.add_hook('h', '{created}')")
        try await sql.run("select agentcorp.pause_hook('h')")
        try await sql.run("select agentcorp.enqueue('a') from generate_series(1, 25)")
        #expect(try await sql.rows("select told, next_in_ms from agentcorp.follow_hooks(0::smallint)") == ["0|"])
        try await sql.run("select agentcorp.pause_hook('h', false)")
        #expect(try await sql.rows("select told, next_in_ms from agentcorp.follow_hooks(0::smallint, 10)") == ["10|0"])
        #expect(try await follow(sql, limit: 10) == 10)
        #expect(try await follow(sql, limit: 10) == 5)
        #expect(try await sql.int("select count(distinct data ->> 'task') from agentcorp.events") == 25)
    }

    @Test("who reads a hook gets what was not acknowledged")
    func reading() async throws {
        let sql = try await Session.open()
        try await sql.run("select agentcorp.add_hook('h', '{created}'), agentcorp.add_hook('other', '{created}')")
        try await sql.enqueue()
        _ = try await follow(sql)
        let read = "select r.reached, jsonb_array_length(r.events) from agentcorp.read_hook('h') r"
        let first = try await sql.value(read)
        #expect(first.hasSuffix("|1"))
        #expect(try await sql.value(read).hasSuffix("|1"))
        try await sql.run("select agentcorp.acknowledge_hook('h', '\(first.dropLast(2))')")
        #expect(try await sql.value(read).hasSuffix("|0"))
        try await sql.enqueue()
        _ = try await follow(sql)
        #expect(try await sql.value(read).hasSuffix("|1"))
        try await sql.refuses("select agentcorp.read_hook('x')", "AC001")
        try await sql.run("select agentcorp.remove_hook('h')")
        #expect(try await sql.int("select count(*) from agentcorp.hook_cursor") == 1)
    }

    @Test(
        "what is no hook is refused",
        arguments: [
            ("'', '{failed}'", "name"), ("'h', '{}'", "event"), ("'h', '{faild}'", "faild"),
            ("'h', null", "event"), (#"'h', '{failed}', '[]'"#, "filter"),
            (#"'h', '{failed}', '{"kinds": "a"}'"#, "kinds"),
            (#"'h', '{failed}', '{"kind": 5}'"#, "kind"), (#"'h', '{failed}', '{"kind": []}'"#, "kind"),
            (#"'h', '{failed}', '{}', '{}'"#, "action"),
            (#"'h', '{failed}', '{}', '{"emit": "a", "enqueue": {}}'"#, "action"),
            (#"'h', '{failed}', '{}', '{"emit": "a.*"}'"#, "topic"),
            (#"'h', '{failed}', '{}', '{"enqueue": {}}'"#, "kind"),
            (#"'h', '{failed}', '{}', '{"enqueue": {"kind": "a", "queue": "none"}}'"#, "queue"),
            (#"'h', '{failed}', '{}', '{"enqueue": {"kind": "a", "parent_id": 1}}'"#, "parent_id"),
        ])
    func refused(arguments: String, word: String) async throws {
        let sql = try await Session.open()
        let error = try await sql.error("select agentcorp.add_hook(\(arguments))")
        #expect(["AC006", "AC007"].contains(error.sqlState) && error.message.contains(word), "\(error)")
    }
}
