import Postgres
import TestSupport
import Testing

@Suite(.checkedDatabase)
struct RunTests {
    @Test("runs are listed by plan and state, newest first")
    func list() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let first = try await sql.startRun(worker, #"[{"name":"a","kind":"x"}]"#)
        try await sql.run("select agentcorp.put_plan('q', '{\"plan\": \"q\", \"tasks\": {\"a\": {\"kind\": \"x\"}}}')")
        let second = try await sql.int("select agentcorp.run_plan('q')")
        _ = try await sql.enqueue()
        func list(_ arguments: String) async throws -> [String] {
            try await sql.rows(
                "select id || ' ' || plan || ' ' || version || ' ' || state from agentcorp.list_runs(\(arguments))")
        }
        #expect(try await list("") == ["\(second) q 1 ready", "\(first) p 1 running"])
        #expect(try await list("state => 'running'") == ["\(first) p 1 running"])
        #expect(try await list("state => 'ready'") == ["\(second) q 1 ready"])
        #expect(try await list("'p'") == ["\(first) p 1 running"])
        #expect(try await list("before => \(second)") == ["\(first) p 1 running"])
        #expect(try await list("limit_to => 1") == ["\(second) q 1 ready"])
        try await sql.run("select agentcorp.cancel(\(first))")
        #expect(try await list("state => 'cancelled'") == ["\(first) p 1 cancelled"])
        #expect(try await list("state => 'running'") == [])
        #expect(try await list("state => 'completed'") == [])
        #expect(
            try await sql.value("select error from agentcorp.runs where id = \(first)") == "cancelled by request")
        try await sql.refuses("select agentcorp.list_runs(state => 'runing')", "AC007", hint: "running")
    }

    @Test("of a large fan-out those that matter are shown, and all are counted")
    func tree() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let root = try await sql.startRun(worker, #"[{"name":"e","kind":"each"}]"#)
        let each = try await sql.id("e")
        _ = try await sql.claim(worker)
        let items = (0..<40).map { #"{"name":"[\#($0)]","kind":"x","max_attempts":1}"# }.joined(separator: ",")
        try await sql.expand(worker, each, "[\(items)]", join: "all")
        let claimed = try await sql.claim(worker, 12)
        for task in claimed.prefix(10) { try await sql.finish(task, worker) }
        try await sql.finish(claimed[10], worker, "'skipped'")
        try await sql.settle()
        #expect(
            try await sql.rows(
                "select depth || ' ' || name || ' ' || state || coalesce(' ' || children::text, '') from agentcorp.run_tree(\(root), 2)"
            )
                == [
                    #"0 p waiting {"waiting": 1}"#,
                    #"1 e waiting {"ready": 28, "running": 1, "skipped": 1, "completed": 10}"#,
                    "2 [11] running", "2 [12] ready",
                ])
        #expect(
            try await sql.value("select below from agentcorp.run_tree(\(root), 0)")
                == #"{"ready": 28, "running": 1, "skipped": 1, "waiting": 2, "completed": 10}"#)
        #expect(try await sql.value("select tasks from agentcorp.tree_usage(\(root))") == "42")
        try await sql.refuses("select agentcorp.run_tree(999)", "AC001", "unknown task 999")
    }
}
