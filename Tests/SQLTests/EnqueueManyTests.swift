import TestSupport
import Testing

@Suite(.checkedDatabase)
struct EnqueueManyTests {
    @Test("an array of tasks is added in one call, in order")
    func many() async throws {
        let sql = try await Session.open()
        try await sql.run("select agentcorp.create_queue('io')")
        let ids = try await sql.ints(
            """
            select agentcorp.enqueue_many('[{"kind": "a"},
                {"kind": "b", "args": {"x": 1}, "queue": "io", "priority": 0, "max_attempts": 2, "timeout": "5s", "tags": ["t"], "name": "n"},
                {"kind": "c", "run_at": "2100-01-01T00:00:00Z"}, {"kind": "d", "run_at": "2001-01-01T00:00:00Z"}]')
            """)
        #expect(ids == [1, 2, 3, 4])
        #expect(
            try await sql.rows(
                "select kind, queue, priority, max_attempts, tags, name, state from agentcorp.tasks order by id") == [
                    "a|default|4|10|||ready", #"b|io|0|2|["t"]|n|ready"#, "c|default|4|10|||scheduled",
                    "d|default|4|10|||ready",
                ])
        #expect(try await sql.value("select policy from agentcorp.task where id = 2") == #"{"timeout_ms": 5000}"#)
        #expect(try await sql.rows("select agentcorp.enqueue_many('[]')").isEmpty)
    }

    @Test("keys, needs and parents are understood here too")
    func slowFields() async throws {
        let sql = try await Session.open()
        let first = try await sql.enqueue("'a', unique_key => 'k'")
        let ids = try await sql.ints(
            """
            select agentcorp.enqueue_many('[{"kind": "b", "unique_key": "k"}, {"kind": "c", "needs": [\(first)], "join": "settled", "on_error": {"default": null}},
                {"kind": "d", "parent_id": \(first), "name": "child"}]')
            """)
        #expect(ids == [first, 3, 4])
        #expect(try await sql.states(first) == ["a blocked", "child ready"])
        #expect(try await sql.state(3) == "blocked")
        #expect(
            try await sql.value("select policy from agentcorp.task where id = 3")
                == #"{"join": "settled", "on_error": {"default": null}}"#)
    }

    @Test(
        "one bad task refuses all, and says which",
        arguments: [
            (#"{}"#, "AC007", "tasks is not an array", "Pass ["),
            (#"[{"kind": "a"}, 5]"#, "AC007", "/1 is not an object", ""),
            (#"[{"kind": "a"}, {"knid": "a"}]"#, "AC007", #"/1: unknown field "knid""#, #"did you mean "kind"?"#),
            (#"[{"args": {}}]"#, "AC007", "/0/kind is missing", ""),
            (#"[{"kind": ""}]"#, "AC007", "/0/kind is missing", ""),
            (#"[{"kind": 5}]"#, "AC007", "/0/kind is missing", ""),
            (
                #"[{"kind": "a", "queue": "defualt"}]"#, "AC006", #"/0/queue: unknown queue "defualt""#,
                #"did you mean "default"?"#
            ),
            (#"[{"kind": "a", "priority": 10}]"#, "AC007", "/0/priority", ""),
            (#"[{"kind": "a", "priority": "4"}]"#, "AC007", "/0/priority", ""),
            (#"[{"kind": "a", "priority": 1.5}]"#, "AC007", "/0/priority", ""),
            (#"[{"kind": "a", "max_attempts": 1001}]"#, "AC007", "/0/max_attempts", ""),
            (#"[{"kind": "a", "timeout": 5}]"#, "AC007", "/0/timeout", ""),
            (#"[{"kind": "a", "timeout": "soon"}]"#, "AC007", #"/0: timeout: "soon" is not a duration"#, "30s"),
            (#"[{"kind": "a", "timeout": "-5s"}]"#, "AC007", "negative", ""),
            (#"[{"kind": "a", "backoff": "soon"}]"#, "AC007", "/0: backoff", ""),
            (#"[{"kind": "a", "run_at": "noonish"}]"#, "AC007", "/0: ", ""),
            (#"[{"kind": "a", "run_at": "infinity"}]"#, "AC007", "infinite", ""),
            (#"[{"kind": "a", "tags": "x"}]"#, "AC007", "/0/tags", ""),
            (#"[{"kind": "a", "tags": [1]}]"#, "AC007", "/0/tags", ""),
            (#"[{"kind": "a", "needs": ["b"]}]"#, "AC007", "/0/needs is not an array of task ids", ""),
            (#"[{"kind": "a", "needs": [1.5]}]"#, "AC007", "/0/needs", ""),
            (#"[{"kind": "a", "needs": 1}]"#, "AC007", "/0/needs", ""),
            (#"[{"kind": "a", "needs": [99]}]"#, "AC001", "unknown task 99", ""),
            (#"[{"kind": "a", "parent_id": "1"}]"#, "AC007", "/0/parent_id", ""),
            (#"[{"kind": "a", "unique_key": 1}]"#, "AC007", "/0/unique_key", ""),
            (#"[{"kind": "a", "join": "most"}]"#, "AC007", "/0: join", ""),
            (#"[{"kind": "a", "on_error": 5}]"#, "AC007", "/0: on_error", ""),
            (#"[{"kind": "a", "subtasks": []}]"#, "AC007", #"unknown field "subtasks""#, ""),
            (#"[{"kind": "a", "name": 1}]"#, "AC007", "/0/name", ""),
        ])
    func badInput(_ json: String, _ state: String, _ message: String, _ hint: String) async throws {
        let sql = try await Session.open()
        try await sql.refuses("select agentcorp.enqueue_many('\(json)')", state, message, hint: hint)
        try await sql.refuses("select agentcorp.enqueue_many(null)", "AC007")
        #expect(try await sql.int("select count(*) from agentcorp.task") == 0)
    }

    @Test("ten thousand tasks go in at once")
    func large() async throws {
        let sql = try await Session.open()
        let count = try await sql.int(
            """
            select count(*) from agentcorp.enqueue_many((select jsonb_agg(jsonb_build_object('kind', 'a', 'args', jsonb_build_object('i', i), 'priority', i % 10,
                'run_at', case when i % 4 = 0 then '2100-01-01' else '2001-01-01' end)) from generate_series(1, 10000) i))
            """)
        #expect(count == 10_000)
        #expect(try await sql.value("select ready from agentcorp.queues") == "7500")
        #expect(try await sql.value("select scheduled from agentcorp.queues") == "2500")
    }
}
