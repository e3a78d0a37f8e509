import TestSupport
import Testing

@Suite(.checkedDatabase)
struct StepTests {
    @Test("a step is computed once and read by every later attempt")
    func steps() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.enqueue("'a', backoff => 'fixed 0s'")
        #expect(try await sql.claim(worker) == [task])
        #expect(try await sql.value("select agentcorp.step_get(\(task), 'one')") == "")
        #expect(try await sql.value("select agentcorp.step_put(\(task), 1, 'one', '{\"x\": 1}')::text") == #"{"x": 1}"#)
        #expect(try await sql.value("select agentcorp.step_put(\(task), 1, 'one', '2')::text") == #"{"x": 1}"#)
        #expect(try await sql.value("select agentcorp.step_put(\(task), 1, 'null', null)::text") == "null")
        try await sql.finish(task, worker, "'failed'")
        try await sql.settle()
        #expect(try await sql.claim(worker) == [task])
        #expect(try await sql.value("select agentcorp.step_get(\(task), 'one')::text") == #"{"x": 1}"#)
        try await sql.refuses(
            "select agentcorp.step_put(\(task), 1, 'two', '1')", "AC002", "attempt 1 of task \(task) has ended",
            hint: "Stop")
        try await sql.refuses("select agentcorp.step_put(99, 1, 'two', '1')", "AC001", "unknown task 99")
        try await sql.refuses(
            "select agentcorp.step_put(\(task), 2, 'own', '{\"$blob\": 1}')", "AC007",
            "step values have the reserved key")
        try await sql.finish(task, worker)
        try await sql.refuses("select agentcorp.step_put(\(task), 2, 'two', '1')", "AC002")
        try await sql.refuses("select agentcorp.step_put(\(task), 3, 'two', '1')", "AC002")
        #expect(try await sql.value("select agentcorp.describe(\(task)) -> 'steps'") == #"["one", "null"]"#)
    }

    @Test("all steps are read in one look, large values on their own")
    func look() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.enqueue()
        #expect(try await sql.claim(worker) == [task])
        try await sql.run(
            """
            select agentcorp.step_put(\(task), 1, 'b', '1'); select agentcorp.step_put(\(task), 1, 'a', null);
            select agentcorp.step_put(\(task), 1, 'c', (select jsonb_agg(i) from generate_series(1, 9000) i));
            """)
        #expect(
            try await sql.rows(
                "select name, attempt, value, value is null, bytes > 1000 from agentcorp.steps(\(task), 1000)")
                == ["b|1|1|false|false", "a|1||false|false", "c|1||true|true"])
        #expect(
            try await sql.value("select jsonb_array_length(value) from agentcorp.steps(\(task)) where name = 'c'")
                == "9000")
    }

    @Test("a step that must be the first of its name is refused when it is not")
    func once() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.enqueue()
        #expect(try await sql.claim(worker) == [task])
        #expect(try await sql.value("select agentcorp.step_put(\(task), 1, 'a', '1', true)") == "1")
        try await sql.refuses(
            "select agentcorp.step_put(\(task), 1, 'a', '2', true)", "AC009",
            "step \"a\" of task \(task) is recorded already")
        for name in ["''", "null", "repeat('x', 501)"] {
            try await sql.refuses("select agentcorp.step_put(\(task), 1, \(name), '1')", "AC007", "empty or over 500")
        }
    }

    @Test("progress is shown, and only the holder of the lease reports it")
    func progress() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.enqueue()
        #expect(try await sql.claim(worker) == [task])
        try await sql.run("select agentcorp.report_progress(\(task), 1, 0.25, 'a quarter')")
        try await sql.run("select agentcorp.report_progress(\(task), 1, 0.5)")
        #expect(
            try await sql.value("select (agentcorp.describe(\(task)) -> 'progress') - 'reported_at'")
                == #"{"fraction": 0.5}"#)
        try await sql.run("select agentcorp.report_progress(\(task), 1, message => repeat('x', 2000))")
        #expect(try await sql.value("select length(message) from agentcorp.progress") == "1000")
        for fraction in ["1.5", "-0.1", "'NaN'"] {
            try await sql.refuses(
                "select agentcorp.report_progress(\(task), 1, \(fraction))", "AC007", "not between 0 and 1")
        }
        try await sql.refuses("select agentcorp.report_progress(\(task), 2, 0.5)", "AC002")
        try await sql.refuses("select agentcorp.report_progress(99, 1, 0.5)", "AC001")
    }
}
