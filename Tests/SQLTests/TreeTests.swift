import TestSupport
import Testing

@Suite(.checkedDatabase)
struct TreeTests {
    @Test("a task runs after its subtasks, and reads what they returned")
    func nested() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let root = try await sql.tree(
            #"{"kind":"sum","name":"root","subtasks":[{"kind":"n","name":"left","subtasks":[{"kind":"n","name":"leaf"}]},{"kind":"n","name":"right","args":{"x":1}}]}"#
        )
        #expect(try await sql.states(root) == ["root blocked", "left blocked", "leaf ready", "right ready"])
        #expect(
            try await sql.rows("select name, depth, root_id from agentcorp.task order by id") == [
                "root|0|1", "left|1|1", "leaf|2|1", "right|1|1",
            ])
        #expect(try await sql.claim(worker, 10) == [3, 4])
        try await sql.finish(3, worker, "'completed', '3'")
        try await sql.finish(4, worker, "'completed', '4'")
        #expect(try await sql.claim(worker, 10) == [2])
        try await sql.finish(2, worker, "'completed', '2'")
        #expect(try await sql.claim(worker, 10).isEmpty)
        try await sql.settle()
        #expect(try await sql.claim(worker, 10) == [1])
        #expect(
            try await sql.rows("select name, kind, is_subtask, state, output, error from agentcorp.needs_of(1)") == [
                "left|n|true|completed|2|", "right|n|true|completed|4|",
            ])
        try await sql.finish(1, worker)
        #expect(try await sql.states(root).allSatisfy { $0.hasSuffix("completed") })
    }

    @Test("needs name siblings, and sequential makes each subtask wait for the one before")
    func order() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.tree(
            """
            {"kind":"r","subtasks":[{"kind":"c","name":"c","needs":["a","b"]},{"kind":"a","name":"a"},{"kind":"b","name":"b","needs":["a"]},
              {"kind":"s","name":"s","sequential":true,"subtasks":[{"kind":"1","name":"1"},{"kind":"2","name":"2","needs":["1"]},{"kind":"3","name":"3"}]}]}
            """)
        var order: [String] = []
        while true {
            let claimed = try await sql.claim(worker, 10)
            if claimed.isEmpty { break }
            for task in claimed {
                order.append(try await sql.value("select kind from agentcorp.task where id = \(task)"))
                try await sql.finish(task, worker)
            }
            try await sql.settle()
        }
        #expect(order == ["a", "1", "b", "2", "c", "3", "s", "r"])
    }

    @Test("a subtask without needs of its own starts after what its parent needs")
    func inheritedNeeds() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let root = try await sql.tree(
            """
            {"kind":"r","subtasks":[{"kind":"a","name":"first"},
              {"kind":"b","name":"then","needs":["first"],"subtasks":[{"kind":"c","name":"inner","subtasks":[{"kind":"d","name":"deep"}]},
                {"kind":"e","name":"after","needs":["inner"]}]}]}
            """)
        #expect(
            try await sql.states(root) == [
                "r blocked", "first ready", "then blocked", "inner blocked", "deep blocked", "after blocked",
            ])
        for expected in ["first", "deep", "inner", "after", "then"] {
            let claimed = try await sql.claim(worker, 10)
            #expect(claimed == [try await sql.id(expected)])
            try await sql.finish(claimed[0], worker)
            try await sql.settle()
        }
    }

    @Test(
        "a join says how needs combine",
        arguments: [
            // join, outcomes of a and b in order, state of the one that needs both
            (#""all""#, "ok ok", "ready"), (#""all""#, "fail", "cancelled"), (#""all""#, "ok", "blocked"),
            (#""all""#, "ok fail", "cancelled"),
            (#""any""#, "ok", "ready"), (#""any""#, "fail", "blocked"), (#""any""#, "fail ok", "ready"),
            (#""any""#, "fail fail", "cancelled"),
            (#"{"quorum": 2}"#, "ok", "blocked"), (#"{"quorum": 2}"#, "ok ok", "ready"),
            (#"{"quorum": 2}"#, "fail", "cancelled"),
            (#""settled""#, "fail", "blocked"), (#""settled""#, "fail fail", "ready"),
            (#""settled""#, "ok fail", "ready"),
        ])
    func joins(_ join: String, _ outcomes: String, _ state: String) async throws {
        for batched in [false, true] {
            let sql = try await Session.open()
            let worker = try await sql.worker()
            let root = try await sql.tree(
                """
                {"kind":"r","join":"settled","subtasks":[{"kind":"a","name":"a"},{"kind":"b","name":"b"},
                  {"kind":"c","needs":["a","b"],"join":\(join)}]}
                """)
            let tasks = try await sql.claim(worker, 2)
            #expect(tasks == [root + 1, root + 2])
            for (task, outcome) in zip(tasks, outcomes.split(separator: " ")) {
                try await sql.finish(task, worker, outcome == "ok" ? "'completed'" : "'failed', retry => false")
                if !batched { try await sql.settle() }
            }
            try await sql.settle()
            #expect(try await sql.state(root + 3) == state)
            try await sql.run("select agentcorp.cancel(\(root))")
            try await sql.settle()
        }
    }

    @Test("any and quorum cancel the losers, which neither their parent nor anybody else takes for a failure")
    func losers() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let root = try await sql.tree(
            """
            {"kind":"r","subtasks":[{"kind":"a","name":"a"},{"kind":"b","name":"b"},{"kind":"c","name":"c"},
              {"kind":"d","name":"first","needs":["a","b","c"],"join":"any"},{"kind":"e","name":"other","needs":["c"]}]}
            """)
        #expect(try await sql.claim(worker, 2) == [root + 1, root + 2])
        try await sql.finish(root + 2, worker)
        try await sql.settle()
        // c is needed by another task, a is not, though it runs: its worker is told.
        #expect(
            try await sql.states(root) == [
                "r blocked", "a cancelled", "b completed", "c ready", "first ready", "other blocked",
            ])
        #expect(
            try await sql.value("select error ->> 'reason' from agentcorp.tasks where id = \(root + 1)") == "not needed"
        )
        #expect(try await sql.rows("select * from agentcorp.heartbeat(\(worker))") == ["\(root + 1)|1|cancelled"])
        #expect(try await sql.finish(root + 1, worker, attempt: 1) == false)
        try await sql.drain(worker)
        #expect(
            try await sql.states(root) == [
                "r completed", "a cancelled", "b completed", "c completed", "first completed", "other completed",
            ])
    }

    @Test("the failure of a need cancels up to the root and everything below it, with the reason")
    func upstream() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let root = try await sql.tree(
            #"{"kind":"r","subtasks":[{"kind":"p","name":"p","subtasks":[{"kind":"bad","name":"bad"},{"kind":"x","name":"x"}]},{"kind":"y","name":"y"}]}"#
        )
        #expect(try await sql.claim(worker, 1) == [root + 2])
        try await sql.finish(root + 2, worker, "'failed', error => '{\"message\": \"boom\"}', retry => false")
        try await sql.settle()
        #expect(
            try await sql.states(root) == ["r cancelled", "p cancelled", "bad failed", "x cancelled", "y cancelled"])
        #expect(
            try await sql.rows(
                "select name, error ->> 'reason', error ->> 'message' from agentcorp.tasks where state = 'cancelled' order by id"
            ) == [
                "|upstream|needs task 2 (p), which was cancelled", "p|upstream|needs task 3 (bad), which failed",
                "x|parent|its parent was cancelled or has failed", "y|parent|its parent was cancelled or has failed",
            ])
        #expect(try await sql.rows("select task_id, message from agentcorp.failures") == ["3|boom"])
    }

    @Test("on_error skip and default count as met, and the default is what a reader sees")
    func onError() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let root = try await sql.tree(
            """
            {"kind":"r","subtasks":[{"kind":"a","name":"a","on_error":"skip"},{"kind":"b","name":"b","on_error":{"default":[7]}},
              {"kind":"c","name":"c","on_error":"skip"}]}
            """)
        for task in try await sql.claim(worker, 2) { try await sql.finish(task, worker, "'failed', retry => false") }
        #expect(try await sql.claim(worker, 1) == [root + 3])
        try await sql.finish(root + 3, worker, "'skipped'")
        try await sql.settle()
        #expect(try await sql.state(root) == "ready")
        #expect(
            try await sql.rows("select name, state, output from agentcorp.needs_of(\(root))") == [
                "a|failed|", "b|failed|[7]", "c|skipped|",
            ])
        // But what a person cancels is not forgiven.
        let other = try await sql.tree(#"{"kind":"r","subtasks":[{"kind":"a","on_error":"skip"}]}"#)
        try await sql.run("select agentcorp.cancel(\(other + 1))")
        try await sql.settle()
        #expect(try await sql.state(other) == "cancelled")
    }

    @Test(
        "one bad node inserts nothing, and is named",
        arguments: [
            (#"5"#, "AC007", "not an object", ""),
            (#"{"kind":"r","subtasks":{}}"#, "AC007", "/subtasks is not an array", ""),
            (#"{"kind":"r","subtasks":[{"kind":"a"},[]]}"#, "AC007", "not an object", ""),
            (
                #"{"kind":"r","subtasks":[{"kind":"a","subtasks":[{"kind":"b","agrs":{}}]}]}"#, "AC007",
                #"/subtasks/0/subtasks/0: unknown field "agrs""#, #"did you mean "args"?"#
            ),
            (#"{"kind":"r","unique_key":"k"}"#, "AC007", #"unknown field "unique_key""#, ""),
            (#"{"kind":"r","sequential":"yes"}"#, "AC007", "/sequential is not true or false", ""),
            (
                #"{"kind":"r","subtasks":[{"kind":"a","needs":[1]}]}"#, "AC007",
                "/subtasks/0/needs is not an array of names", ""
            ),
            (
                #"{"kind":"r","subtasks":[{"kind":"a","name":"build"},{"kind":"b","needs":["biuld"]}]}"#, "AC001",
                #"/subtasks/1/needs: there is no sibling named "biuld""#, #"did you mean "build"?"#
            ),
            (#"{"kind":"r","needs":["x"]}"#, "AC001", #"/needs: there is no sibling named "x""#, "siblings"),
            (
                #"{"kind":"r","subtasks":[{"kind":"a","name":"x"},{"kind":"b","name":"x"}]}"#, "AC007",
                #"/subtasks/1/name: "x" is the name of another"#, ""
            ),
            (
                #"{"kind":"r","subtasks":[{"kind":"a","name":"a","needs":["a"]}]}"#, "AC003", #""a" needs "a""#,
                "Remove one"
            ),
            (
                #"{"kind":"r","subtasks":[{"kind":"o","name":"o","needs":["a"]},{"kind":"a","name":"a","needs":["b"]},{"kind":"b","name":"b","needs":["c"]},{"kind":"c","name":"c","needs":["a"]}]}"#,
                "AC003", #""a" needs "b" needs "c" needs "a""#, ""
            ),
            (
                #"{"kind":"r","sequential":true,"subtasks":[{"kind":"a","name":"a","needs":["b"]},{"kind":"b","name":"b"}]}"#,
                "AC003", "needs", ""
            ),
            (
                #"{"kind":"r","subtasks":[{"kind":"a","name":"a"},{"kind":"b","needs":["a"],"join":{"quorum":2}}]}"#,
                "AC007", "/subtasks/1/join: the quorum", ""
            ),
            (#"{"kind":"r","subtasks":[{"kind":"a","queue":"nowhere"}]}"#, "AC006", "/subtasks/0/queue", ""),
        ])
    func badNode(_ json: String, _ state: String, _ message: String, _ hint: String) async throws {
        let sql = try await Session.open()
        try await sql.refuses("select agentcorp.enqueue_tree('\(json)')", state, message, hint: hint)
        try await sql.refuses("select agentcorp.enqueue_tree(null)", "AC007")
        #expect(try await sql.int("select count(*) from agentcorp.task") == 0)
        #expect(try await sql.int("select count(*) from agentcorp.dependency") == 0)
    }

    @Test("a chain of a thousand tasks goes in at once, in either order, and hops from worker to worker")
    func chain() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        for order in ["i", "1001 - i"] {
            let root = try await sql.int(
                """
                select agentcorp.enqueue_tree(jsonb_build_object('kind', 'r', 'subtasks', (select jsonb_agg(
                    jsonb_build_object('kind', 'a', 'name', i::text) || case when i > 1 then jsonb_build_object('needs', array[(i - 1)::text]) else '{}' end order by \(order))
                    from generate_series(1, 1000) i)))
                """)
            #expect(try await sql.int("select count(*) from agentcorp.ready") == 1)
            try await sql.run(
                """
                do $$ declare w record; begin
                    for i in 1 .. 1001 loop
                        if i = 1001 then
                            perform agentcorp.resolve_ends(0::smallint, 2000);
                        end if;
                        select * into strict w from agentcorp.claim(\(worker), max_tasks => 10);
                        assert agentcorp.finish(w.task_id, w.attempt, \(worker));
                    end loop;
                end $$
                """)
            #expect(try await sql.state(root) == "completed")
        }
    }

    @Test("a tree of a thousand levels goes in; one level more is refused")
    func depth() async throws {
        let sql = try await Session.open()
        func nested(_ levels: Int) -> String {
            String(repeating: #"{"kind":"a","subtasks":["#, count: levels) + #"{"kind":"a"}"#
                + String(repeating: "]}", count: levels)
        }
        let root = try await sql.tree(nested(1000))
        #expect(try await sql.int("select max(depth) from agentcorp.task") == 1000)
        #expect(try await sql.int("select count(*) from agentcorp.tree(\(root))") == 1001)
        try await sql.refuses("select agentcorp.enqueue_tree('\(nested(1001))')", "AC007", "1000 levels deep")
        try await sql.refuses("select agentcorp.add_subtask(\(root + 1000), 'a')", "AC007", "1000 levels deep")
        try await sql.refuses(
            "select agentcorp.add_subtasks(\(root + 1000), '[{\"kind\": \"a\"}]')", "AC007", "1000 levels deep")
    }

    @Test("ten thousand children wake their parent with few updates of its row")
    func fanIn() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let root = try await sql.int(
            """
            select agentcorp.enqueue_tree(jsonb_build_object('kind', 'r', 'subtasks',
                (select jsonb_agg(jsonb_build_object('kind', 'a')) from generate_series(1, 10000))))
            """)
        for _ in 1...10 {
            try await sql.run(
                """
                do $$ declare v bigint[]; begin
                    v := array(select task_id from agentcorp.work(0::smallint, \(worker), 1, 1000, '{4}', '{0}'));
                    assert cardinality(v) = 1000;
                    perform agentcorp.work(0::smallint, \(worker), 1, 0, '{4}', '{0}', array(select claim_id from agentcorp.claim), v,
                        array_fill(1::smallint, '{1000}'), array_fill(1::real, '{1000}'));
                end $$
                """)
        }
        #expect(try await sql.state(root) == "blocked")
        #expect(
            try await sql.ints("select agentcorp.resolve_ends(0::smallint, 4000) from generate_series(1, 4)") == [
                4000, 4000, 2000, 0,
            ])
        #expect(try await sql.state(root) == "ready")
        #expect(
            try await sql.int("select n_tup_upd + n_tup_del from pg_stat_xact_user_tables where relname = 'blocked'")
                <= 10)
        try await sql.drain(worker)
        #expect(try await sql.state(root) == "completed")
        #expect(try await sql.int("select agentcorp.fold_counts(0::smallint)") > 0)
    }

    @Test("add_complex_task takes a description and subtasks")
    func complexTask() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let root = try await sql.int(
            "select agentcorp.add_complex_task('Write the report', '[{\"kind\": \"read\"}, {\"kind\": \"write\"}]')")
        #expect(try await sql.states(root) == ["Write the report blocked", "read ready", "write ready"])
        try await sql.drain(worker)
        #expect(try await sql.state(root) == "completed")
    }
}
