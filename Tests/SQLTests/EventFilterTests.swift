import TestSupport
import Testing

/// Waits that pass events over.
@Suite(.checkedDatabase)
struct EventFilterTests {
    private func since(_ sql: Session, _ task: Int) async throws -> String {
        try await sql.value("select agentcorp.step_get(\(task), 'e') ->> 'since'")
    }

    private func read(_ sql: Session, _ since: String, _ filter: String = "{}") async throws -> [String] {
        try await sql.rows(
            "select e -> 'data' from agentcorp.read_events('t', '\(since)', '\(filter)') r cross join jsonb_array_elements(r.events) e"
        )
    }

    private func reached(_ sql: Session, _ since: String) async throws -> String {
        try await sql.value("select reached from agentcorp.read_events('t', '\(since)')")
    }

    @Test("only events that contain the filter wake the task")
    func filter() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.parked(worker, "'e', 't', filter => '{\"a\": {\"b\": 1}}'")
        #expect(try await sql.value("select filter from agentcorp.waits") == #"{"a": {"b": 1}}"#)
        for data in ["1", "{}", #"{"a": {"b": 2}}"#, "[]", #"{"a": {"b": [1]}}"#] {
            try await sql.emit("'t', '\(data)'")
        }
        try await sql.emit("'u', '{\"a\": {\"b\": 1}}'")
        #expect(try await sql.state(task) == "waiting")
        try await sql.emit("'t', '{\"a\": {\"b\": 1, \"c\": 2}}'")
        #expect(try await sql.state(task) == "ready")
        #expect(try await sql.claim(worker) == [task])
        #expect(
            try await read(sql, try await since(sql, task), #"{"a": {"b": 1}}"#) == [#"{"a": {"b": 1, "c": 2}}"#])
        try await sql.finish(task, worker)
    }

    @Test("what was passed over does not come again, and what came meanwhile is not missed")
    func passes() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.emit("'t', '\"before\"'")
        let task = try await sql.parked(worker, "'e', 't', filter => '{}', timeout => '1 hour'")
        try await sql.emit("'t', '1'")
        try await sql.emit("'t', '2'")
        #expect(try await sql.claim(worker) == [task])
        let first = try await since(sql, task)
        #expect(try await read(sql, first) == ["1", "2"])
        let here = try await reached(sql, first)
        try await sql.emit("'t', '3'")
        let wait = "'e', 't', filter => '{}', timeout => '1 hour', passed => '\(here)'"
        // Whoever asks again, whose answer was lost, gets the same.
        for _ in 0...1 { #expect(try await sql.await(task, 2, wait) == "3") }
        let second = try await since(sql, task)
        #expect(try await read(sql, second) == ["3"])
        let end = try await reached(sql, second)
        #expect(try await sql.await(task, 2, "'e', 't', filter => '{}', passed => '\(end)'") == "")
        try await sql.finish(task, worker, "'suspended'")
        #expect(try await sql.int("select count(*) from agentcorp.step where name = 'e'") == 0)
        #expect(try await sql.state(task) == "waiting")
        // The time runs from the first wait on, whatever is said later.
        try await sql.setClock("61 minutes")
        try await sql.run("select agentcorp.expire_waits(0::smallint)")
        #expect(try await sql.claim(worker) == [task])
        #expect(try await sql.await(task, 3, "'e', 't', filter => '{}', passed => '\(end)'") == "timed out")
        try await sql.finish(task, worker)
    }

    @Test("an event whose transaction began before others and ends after them is not missed")
    func late() async throws {
        let sql = try await Session.open()
        let emitter = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.parked(worker, "'e', 't', filter => '{}'")
        // It takes its number now.
        try await emitter.run("begin; select pg_current_xact_id()")
        try await sql.emit("'t', '1'")
        #expect(try await sql.claim(worker) == [task])
        let here = try await reached(sql, try await since(sql, task))
        try await emitter.emit("'t', '\"late\"'")
        try await emitter.run("commit")
        #expect(try await sql.await(task, 2, "'e', 't', filter => '{}', passed => '\(here)'") == #""late""#)
        // Who reads on from where the wait began finds it among what it may pass over.
        #expect(try await read(sql, try await since(sql, task)) == ["late"])
        try await sql.finish(task, worker)
    }

    @Test("a worker that dies after it has passed an event over loses neither the place nor the time")
    func lost() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.parked(worker, "'e', 't', filter => '{}', timeout => '1 hour'")
        try await sql.emit("'t', '1'")
        #expect(try await sql.claim(worker) == [task])
        let here = try await reached(sql, try await since(sql, task))
        #expect(
            try await sql.await(task, 2, "'e', 't', filter => '{}', timeout => '1 hour', passed => '\(here)'") == "")
        try await sql.run("update agentcorp.worker set beat_at = beat_at - interval '1 hour'")
        let other = try await sql.worker()
        try await sql.run("select * from agentcorp.rescue()")
        #expect(try await sql.claim(other) == [task])
        let due = try await sql.value("select timeout_at from agentcorp.wait")
        #expect(try await sql.await(task, 3, "'e', 't', filter => '{}', timeout => '1 hour'") == "")
        #expect(try await sql.value("select timeout_at from agentcorp.wait") == due)
        try await sql.emit("'t', '2'")
        #expect(try await sql.await(task, 3, "'e', 't', filter => '{}', timeout => '1 hour'") == "2")
        #expect(try await read(sql, try await since(sql, task)) == ["2"])
        try await sql.finish(task, other)
    }

    @Test("events are read page by page, each once")
    func pages() async throws {
        let sql = try await Session.open()
        let start = try await sql.value("select pg_current_snapshot()")
        try await sql.run("select agentcorp.emit_event('t', to_jsonb(i)) from generate_series(1, 5) i")
        try await sql.emit("'t', '6'")
        var seen: [String] = []
        var more = ""
        for _ in 0..<4 {
            let page = try await sql.rows(
                "select reached, after_xact, after_id, (select string_agg(e ->> 'data', ',' order by n) from jsonb_array_elements(events) with ordinality x(e, n)) from agentcorp.read_events('t', '\(start)', limit_to => 2\(more))"
            )[0].split(separator: "|", omittingEmptySubsequences: false)
            more = ", reached => '\(page[0])', after_xact => '\(page[1])', after_id => \(page[2])"
            // It stays at the position of the first page.
            try await sql.emit("'t', '7'")
            seen.append(String(page[3]))
        }
        #expect(seen == ["1,2", "3,4", "5,6", ""])
    }

    @Test("what makes no sense is refused")
    func mistakes() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        try await sql.refuses(
            "select agentcorp.await_event(\(task), 1, 'e', 't', 'k', filter => '{}')", "AC007", "has no filter")
        try await sql.refuses(
            "select agentcorp.await_event(\(task), 1, 'e', 't', passed => '1:1:')", "AC007", "without a filter")
        try await sql.refuses("select agentcorp.read_events('t', 'yesterday')", "AC007", "position")
        try await sql.finish(task, worker)
    }

    @Test("a running task publishes once, and ends in the same transaction")
    func emitFrom() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        try await sql.run(
            "begin; select agentcorp.emit_from(\(task), 1, 't', '1'); select agentcorp.finish(\(task), 1, \(worker)); rollback"
        )
        #expect(try await sql.int("select count(*) from agentcorp.event") == 0)
        try await sql.run(
            "begin; select agentcorp.emit_from(\(task), 1, 't', '1'); select agentcorp.emit_from(\(task), 1, 't', '2'); select agentcorp.finish(\(task), 1, \(worker)); commit"
        )
        #expect(try await sql.rows("select key, data from agentcorp.event") == ["\(task)|1"])
        try await sql.refuses("select agentcorp.emit_from(\(task), 1, 't', '1')", "AC002")
    }
}
