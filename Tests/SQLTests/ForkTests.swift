import TestSupport
import Testing

@Suite(.checkedDatabase)
struct ForkTests {
    /// A running task with the steps one, two and three, after the second of which it added a subtask.
    private func original(_ sql: Session, _ more: String = "") async throws -> Int {
        let worker = try await sql.worker()
        let task = try await sql.enqueue("'agent', '{\"q\": 1}', name => 'first', priority => 2, tags => '{t}'\(more)")
        try await sql.run("select * from agentcorp.claim(\(worker), 'default', 1)")
        try await sql.run(
            """
            select agentcorp.step_put(\(task), 1, 'one', '1'); select agentcorp.step_put(\(task), 1, 'two', '2');
            select agentcorp.add_subtask(\(task), 'a', name => 'sub'); select agentcorp.step_put(\(task), 1, 'three', '3');
            """)
        return task
    }

    private func fork(_ sql: Session, _ arguments: String) async throws -> Int {
        try await sql.int("select agentcorp.fork(\(arguments))")
    }

    @Test("a fork has the steps before the one it begins with, and says where they are from")
    func shares() async throws {
        let sql = try await Session.open()
        let task = try await original(sql, ", unique_key => 'k', max_attempts => 3")
        let forked = try await fork(sql, "\(task), 'three'")
        #expect(
            try await sql.rows("select name, attempt, value, bytes > 0 from agentcorp.steps(\(forked))")
                == ["one|0|1|true", "two|0|2|true"])
        #expect(
            try await sql.value(
                """
                select kind, name, args, priority, max_attempts, tags, parent_id, root_id = id, policy #- '{forked_from,at}'
                from agentcorp.task where id = \(forked)
                """)
                == #"agent|first|{"q": 1}|2|3|["t"]||true|{"forked_from": {"step": "three", "task_id": \#(task)}}"#)
        #expect(try await sql.state(forked) == "ready")
        #expect(try await sql.value("select agentcorp.describe(\(forked)) #>> '{forked_from,step}'") == "three")
        #expect(try await sql.value("select agentcorp.describe(\(forked)) -> 'policy'") == "")
        // The original goes on as it was, and its key is its own.
        #expect(try await sql.rows("select name from agentcorp.steps(\(task))") == ["one", "two", "three"])
        #expect(try await sql.enqueue("'a', unique_key => 'k'") == task)
    }

    @Test("the first step is computed again, and without a step everything is; args may differ")
    func beginning() async throws {
        let sql = try await Session.open()
        let task = try await original(sql)
        for arguments in ["\(task), 'one'", "\(task)", "\(task), args => '{\"q\": 2}'"] {
            let forked = try await fork(sql, arguments)
            #expect(try await sql.rows("select name from agentcorp.steps(\(forked))").isEmpty)
            #expect(try await sql.rows("select id from agentcorp.needs_of(\(forked))").isEmpty)
        }
        #expect(
            try await sql.rows("select args from agentcorp.task where kind = 'agent' order by id").last == #"{"q": 2}"#)
    }

    @Test("a fork sees the subtasks and needs that its original had seen until the last step that is shared")
    func needs() async throws {
        let sql = try await Session.open()
        let task = try await original(sql)
        let sub = try await sql.id("sub")
        try await sql.run(
            "select agentcorp.step_put(\(task), 1, 'four', '4'); select agentcorp.add_subtask(\(task), 'a', name => 'later')"
        )
        #expect(try await sql.rows("select id, is_subtask from agentcorp.needs_of(\(task))").count == 2)
        let before = try await fork(sql, "\(task), 'three'")
        #expect(try await sql.rows("select id from agentcorp.needs_of(\(before))").isEmpty)
        let after = try await fork(sql, "\(task), 'four'")
        #expect(try await sql.rows("select id, is_subtask from agentcorp.needs_of(\(after))") == ["\(sub)|true"])
        // A fork of a fork.
        let again = try await fork(sql, "\(after), 'three'")
        #expect(try await sql.rows("select id from agentcorp.needs_of(\(again))").isEmpty)
        #expect(try await sql.rows("select name, attempt from agentcorp.steps(\(again))") == ["one|0", "two|0"])
        try await sql.run("select agentcorp.add_subtask(\(after), 'a', name => 'own')")
        #expect(
            try await sql.rows("select name, is_subtask from agentcorp.needs_of(\(after))") == ["sub|true", "own|true"])

        let tree = try await sql.tree(
            #"{"kind": "r", "subtasks": [{"kind": "a", "name": "x"}, {"kind": "b", "name": "y", "needs": ["x"]}]}"#)
        #expect(
            try await sql.rows("select name, is_subtask from agentcorp.needs_of(\(try await fork(sql, "\(tree)")))")
                == ["x|true", "y|true"])
        let y = try await sql.id("y")
        #expect(
            try await sql.rows("select name, is_subtask from agentcorp.needs_of(\(try await fork(sql, "\(y)")))") == [
                "x|false"
            ])
    }

    @Test("a task in any state can be forked, also one that has ended or failed")
    func states() async throws {
        let sql = try await Session.open()
        let task = try await original(sql)
        try await sql.run("select agentcorp.cancel(\(task))")
        #expect(try await sql.state(try await fork(sql, "\(task), 'two'")) == "ready")
        let later = try await sql.enqueue("'a', run_at => now() + interval '1 hour'")
        #expect(try await sql.state(try await fork(sql, "\(later)")) == "ready")
        let keyed = try await sql.enqueue("'a', concurrency_key => 'k', tenant => 't'")
        let turn = try await fork(sql, "\(keyed)")
        #expect(try await sql.rows("select concurrency_key, tenant from agentcorp.task where id = \(turn)") == ["k|t"])
        #expect(try await sql.state(turn) == "queued")
    }

    @Test("a fork shares large values with its original, and keeps them when that is gone")
    func large() async throws {
        let sql = try await Session.open()
        let task = try await original(sql)
        try await sql.run(
            """
            select agentcorp.step_put(\(task), 1, 'large', jsonb_build_object('x', repeat('x', 300000)));
            select agentcorp.step_put(\(task), 1, 'last', '1');
            """)
        let forked = try await fork(sql, "\(task), 'last', jsonb_build_object('y', repeat('y', 300000))")
        #expect(
            try await sql.rows(
                "select length(value ->> 'x'), bytes, attempt from agentcorp.steps(\(forked)) where name = 'large'")
                == ["300000|300009|0"])
        #expect(
            try await sql.value("select value is null from agentcorp.steps(\(forked), 8192) where name = 'large'")
                == "true")
        #expect(try await sql.value("select length(agentcorp.args_of(\(forked)) ->> 'y')") == "300000")
        #expect(try await sql.int("select count(*) from agentcorp.blob_use where task_id = \(forked)") == 2)
        try await sql.run(
            "delete from agentcorp.step where task_id = \(task); select agentcorp.drop_blobs_of(0::smallint, array[\(task)])"
        )
        #expect(try await sql.value("select length(agentcorp.step_get(\(forked), 'large') ->> 'x')") == "300000")
    }

    @Test("an unknown task or step is refused, with the nearest one")
    func refusals() async throws {
        let sql = try await Session.open()
        let task = try await original(sql)
        try await sql.refuses("select agentcorp.fork(99)", "AC001", "unknown task 99")
        try await sql.refuses("select agentcorp.steps(99)", "AC001", "unknown task 99")
        try await sql.refuses(
            "select agentcorp.fork(\(task), 'thre')", "AC001", "task \(task) has no step \"thre\"",
            hint: "did you mean \"three\"? Its steps: one, two, three.")
        let bare = try await sql.enqueue()
        try await sql.refuses("select agentcorp.fork(\(bare), 'one')", "AC001", hint: "It has recorded none")
        let batch = try await sql.int("select agentcorp.create_batch('b')")
        try await sql.refuses("select agentcorp.fork(\(batch))", "AC009", "is a batch")
        #expect(try await sql.int("select count(*) from agentcorp.task where kind = 'agent'") == 1)
    }
}
