import TestSupport
import Testing

@Suite(.checkedDatabase)
struct RetentionTests {
    /// A task that has completed, or ended otherwise.
    @discardableResult
    private func ended(_ sql: Session, _ outcome: String = "completed", _ more: String = "", queue: String = "default")
        async throws -> Int
    {
        let worker = try await sql.worker()
        let task = try await sql.enqueue("'a', queue => '\(queue)', priority => 0\(more)")
        #expect(try await sql.claim(worker, queue: queue) == [task])
        try await sql.finish(task, worker, "'\(outcome)', retry => false")
        return task
    }

    /// Prunes until there is nothing more to do; returns how many tasks went.
    @discardableResult
    private func prune(_ sql: Session, limit: Int = 1000) async throws -> Int {
        var tasks = 0
        while true {
            let row = try await sql.rows("select tasks, more from agentcorp.prune(0::smallint, \(limit))")[0]
            tasks += Int(row.prefix { $0 != "|" })!
            if row.hasSuffix("false") { return tasks }
        }
    }

    private func remaining(_ sql: Session) async throws -> [Int] {
        try await sql.ints("select id from agentcorp.task order by id")
    }

    @Test("by default what failed is kept for 30 days and all else for 7, and what is open for ever")
    func defaults() async throws {
        let sql = try await Session.open()
        let failed = try await ended(sql, "failed")
        for outcome in ["completed", "cancelled", "skipped"] { try await ended(sql, outcome) }
        let open = try await sql.enqueue("'open', run_at => '2100-01-01'")
        #expect(try await prune(sql) == 0)
        try await sql.setClock("6 days 23 hours")
        #expect(try await prune(sql) == 0)
        try await sql.setClock("8 days")
        #expect(try await prune(sql) == 3)
        #expect(try await remaining(sql) == [failed, open])
        try await sql.setClock("29 days")
        #expect(try await prune(sql) == 0)
        try await sql.setClock("31 days")
        #expect(try await prune(sql) == 1)
        #expect(try await remaining(sql) == [open])
        #expect(
            try await sql.rows("select completed, failed, cancelled, skipped, scheduled from agentcorp.queues")
                == ["0|0|0|0|1"])
    }

    @Test("the most exact rule counts, the queue before the outcome, and without a rule nothing goes")
    func rules() async throws {
        let sql = try await Session.open()
        try await sql.run("select agentcorp.create_queue('io')")
        try await sql.run("select agentcorp.remove_retention(), agentcorp.remove_retention(outcome => 'failed')")
        try await sql.setClock("1 year")
        #expect(try await sql.value("select agentcorp.remove_retention()") == "false")
        func keep(_ queue: Int, _ outcome: Int) async throws -> String? {
            try await sql.rows("select keep from agentcorp.rule(\(queue), \(outcome)::smallint)").first
        }
        #expect(try await keep(1, 1) == nil)
        try await sql.run("select agentcorp.set_retention('1 hour')")
        try await sql.run("select agentcorp.set_retention('2 hours', outcome => 'failed')")
        try await sql.run("select agentcorp.set_retention('3 hours', queue => 'io')")
        try await sql.run("select agentcorp.set_retention('4 hours', 'io', 'failed')")
        try await sql.run("select agentcorp.set_retention(null, 'io', 'skipped')")
        for (queue, outcome, expected) in [
            (1, 1, "01:00:00"), (1, 2, "02:00:00"), (2, 1, "03:00:00"), (2, 3, "03:00:00"), (2, 2, "04:00:00"),
            (2, 4, ""),
        ] {
            #expect(try await keep(queue, outcome) == expected)
        }
        #expect(
            try await sql.rows("select * from agentcorp.retention_rules") == [
                "||01:00:00|none", "|failed|02:00:00|none", "io||03:00:00|none", "io|failed|04:00:00|none",
                "io|skipped||none",
            ])
        #expect(try await sql.value("select agentcorp.remove_retention('io', 'failed')") == "true")
        #expect(try await keep(2, 2) == "03:00:00")
    }

    @Test("a rule that makes no sense is refused")
    func refused() async throws {
        let sql = try await Session.open()
        try await sql.refuses("select agentcorp.set_retention('-1 day')", "AC007", "negative")
        try await sql.refuses("select agentcorp.set_retention('1 day', 'nope')", "AC006", "nope")
        try await sql.refuses(
            "select agentcorp.set_retention('1 day', null, 'fialed')", "AC007", "fialed",
            hint: "did you mean \"failed\"?")
        try await sql.refuses("select agentcorp.set_retention('1 day', outcome => 'errored')", "AC007", "errored")
        try await sql.refuses("select agentcorp.set_retention('1 day', archive => 's3')", "AC007", "s3")
        try await sql.refuses("select agentcorp.set_retention('1 day', archive => null)", "AC007", "archive")
        #expect(try await sql.int("select count(*) from agentcorp.retention") == 2)
    }

    @Test("a tree goes whole, with all that belongs to it, when its root has ended long enough ago")
    func wholeTree() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run("select agentcorp.set_retention('1 hour')")
        let root = try await sql.tree(
            #"{"kind":"r","subtasks":[{"kind":"a","name":"a"},{"kind":"b","needs":["a"],"subtasks":[{"kind":"c"}]}]}"#)
        #expect(try await sql.claim(worker) == [root + 1])
        try await sql.run(
            "select agentcorp.step_put(\(root + 1), 1, 's', '1'), agentcorp.report_progress(\(root + 1), 1, 0.5)")
        try await sql.finish(root + 1, worker, "'completed', '{}'")
        try await sql.setClock("2 hours")
        try await sql.drain(worker)
        #expect(try await sql.states(root).allSatisfy { $0.hasSuffix("completed") })
        // The subtask ended two hours ago; what counts is the root.
        #expect(try await prune(sql) == 0)
        try await sql.setClock("4 hours")
        #expect(try await prune(sql) == 4)
        for table in try await tablesOfTasks(sql) {
            #expect(try await sql.int("select count(*) from agentcorp.\(table)") == 0, "\(table)")
        }
        try await sql.refuses("select agentcorp.retry(\(root))", "AC001", "unknown task", hint: "pruned")
        try await sql.refuses("select agentcorp.enqueue('x', needs => '{\(root)}')", "AC001", hint: "pruned")
        try await sql.refuses("select agentcorp.add_subtask(\(root), 'x')", "AC001", hint: "pruned")
        try await sql.refuses("select agentcorp.cancel(\(root))", "AC001", hint: "pruned")
        try await sql.refuses("select agentcorp.describe(\(root))", "AC001", hint: "pruned")
    }

    private func tablesOfTasks(_ sql: Session) async throws -> [String] {
        try await sql.rows(
            """
            select distinct c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname in ('task_id', 'needs_id')
            where c.relnamespace = 'agentcorp'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'archive'
            """)
    }

    @Test("every table with rows of ended tasks is known to the pruner")
    func everyTable() async throws {
        let sql = try await Session.open()
        // No ended task has a row in these; fires are the history of a schedule, and drop_blobs_of ends the uses of blobs.
        let others = ["ready", "queued", "scheduled", "blocked", "resolve", "slot", "wait", "fire", "blob_use"]
        let source = try await sql.value("select prosrc from pg_proc where oid = 'agentcorp.delete_tasks'::regproc")
        for table in try await tablesOfTasks(sql) where !others.contains(table) {
            #expect(source.contains("delete from agentcorp.\(table) "), "delete_tasks does not empty \(table)")
        }
        #expect(source.contains("drop_blobs_of"))
    }

    @Test("the archive keeps all there was to know")
    func archive() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run("select agentcorp.set_retention('1 hour', outcome => 'failed', archive => 'table')")
        try await sql.run("select agentcorp.set_retention('1 hour')")
        let task = try await sql.enqueue(
            "'a', '{\"x\": null}', tags => '{t}', name => 'n', on_error => '{\"default\": null}', priority => 0")
        #expect(try await sql.claim(worker) == [task])
        try await sql.run("select agentcorp.step_put(\(task), 1, 's', '[1]')")
        try await sql.finish(task, worker, "'failed', error => '{\"message\": \"m\"}', retry => false")
        try await sql.run("select agentcorp.discard(\(task), 'because', 'ann')")
        try await ended(sql)
        try await sql.setClock("2 hours")
        #expect(try await prune(sql) == 2)
        #expect(try await sql.rows("select task_id, root_id from agentcorp.archive") == ["\(task)|\(task)"])
        let document = "select document #>> '{PATH}' from agentcorp.archive"
        for (path, expected) in [
            ("args", #"{"x": null}"#), ("state", "failed"), ("name", "n"), ("tags", #"["t"]"#), ("queue", "default"),
            ("policy", #"{"on_error": {"default": null}}"#), ("attempts,0,error", #"{"message": "m"}"#),
            ("steps,0,value", "[1]"), ("discarded,0,reason", "because"), ("discarded,0,discarded_by", "ann"),
        ] {
            #expect(try await sql.value(document.replacing("PATH", with: path)) == expected, "\(path)")
        }
    }

    @Test("a large payload goes with its last task, and into the archive in full")
    func blobs() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run("select agentcorp.set_retention('1 hour', archive => 'table')")
        let large = "(select jsonb_agg(md5(i::text)) from generate_series(1, 20000) i)"
        let one = try await sql.enqueue("'a', \(large)")
        #expect(try await sql.claim(worker) == [one])
        try await sql.finish(one, worker)
        let two = try await sql.enqueue("'a', \(large), run_at => '2100-01-01'")
        try await sql.setClock("2 hours")
        #expect(try await prune(sql) == 1)
        #expect(try await sql.value("select jsonb_array_length(document -> 'args') from agentcorp.archive") == "20000")
        #expect(try await sql.int("select count(*) from agentcorp.blob") == 1)
        try await sql.run("select agentcorp.cancel(\(two))")
        try await sql.setClock("4 hours")
        #expect(try await prune(sql) == 1)
        #expect(try await sql.int("select count(*) from agentcorp.blob") == 0)
    }

    @Test("a tree stays while a task of another tree that needs it is open, or could be retried")
    func needed() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run("select agentcorp.set_retention('1 hour', outcome => 'completed')")
        let need = try await sql.enqueue("'need', priority => 0")
        let user = try await sql.enqueue("'user', needs => array[\(need)]::bigint[], run_at => '2100-01-01'")
        #expect(try await sql.claim(worker) == [need])
        try await sql.finish(need, worker, "'completed', '42'")
        try await sql.settle()
        #expect(try await sql.state(user) == "scheduled")
        try await sql.setClock("2 hours")
        #expect(try await prune(sql) == 0)
        try await sql.run("update agentcorp.scheduled set run_at = '2001-01-01'")
        try await sql.settle()
        #expect(try await sql.claim(worker) == [user])
        try await sql.finish(user, worker, "'failed', retry => false")
        try await sql.setClock("10 days")
        #expect(try await prune(sql) == 0)
        #expect(try await sql.int("select agentcorp.retry(\(user))") == 1)
        #expect(try await sql.value("select output from agentcorp.needs_of(\(user))") == "42")
        try await sql.drain(worker)
        // Completed: nobody will run it again.
        try await sql.setClock("11 days")
        #expect(try await prune(sql) == 2)
    }

    @Test("trees that need each other go when both have been kept long enough")
    func mutual() async throws {
        let sql = try await Session.open()
        let one = try await sql.tree(#"{"kind":"r","subtasks":[{"kind":"a"},{"kind":"b"}]}"#)
        let two = try await sql.tree(#"{"kind":"r","subtasks":[{"kind":"a"},{"kind":"b"}]}"#)
        try await sql.run(
            "select agentcorp.add_dependency(\(one + 1), \(two + 2)), agentcorp.add_dependency(\(two + 1), \(one + 2))")
        for root in [one, two] { try await sql.run("select agentcorp.cancel(\(root))") }
        try await sql.settle()
        try await sql.setClock("8 days")
        #expect(try await prune(sql, limit: 1) == 6)
    }

    @Test("what a worker still holds stays, so that a late result finds its fence")
    func claimed() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run("select agentcorp.set_retention('0')")
        let task = try await sql.enqueue()
        #expect(try await sql.claim(worker) == [task])
        try await sql.run("select agentcorp.cancel(\(task))")
        try await sql.setClock("1 hour")
        #expect(try await prune(sql) == 0)
        #expect(try await sql.finish(task, worker, attempt: 1) == false)
        try await sql.setClock("2 hours")
        #expect(try await prune(sql) == 1)
    }

    @Test("an end that the resolver has not read stays until it has")
    func unread() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run("select agentcorp.set_retention('0')")
        let need = try await sql.enqueue("'need'")
        let user = try await sql.enqueue("'user', needs => array[\(need)]::bigint[]")
        #expect(try await sql.claim(worker) == [need])
        try await sql.finish(need, worker, "'failed', retry => false")
        try await sql.run("select agentcorp.cancel(\(user))")
        try await sql.setClock("1 year")
        #expect(try await prune(sql) == 1)
        #expect(try await remaining(sql) == [need])
        try await sql.settle()
        try await sql.setClock("2 years")
        #expect(try await prune(sql) == 1)
    }

    @Test("what somebody is just retrying, or whose key somebody is taking, is left alone")
    func heldByOthers() async throws {
        let sql = try await Session.open()
        let other = try await Session.open()
        let retried = try await ended(sql, "cancelled")
        let keyed = try await ended(sql, "completed", ", unique_key => 'k'")
        let free = try await ended(sql)
        try await sql.setClock("1 year")
        try await other.run(
            "begin; select agentcorp.retry(\(retried)); select agentcorp.enqueue('b', unique_key => 'k')")
        #expect(try await prune(sql) == 1)
        #expect(!(try await remaining(sql).contains(free)))
        try await other.run("rollback")
        try await sql.setClock("2 years")
        #expect(try await prune(sql) == 2)
        #expect(try await remaining(sql).isEmpty)
        _ = keyed
    }

    @Test("whoever comes while a task is being pruned is told that it is gone, or gets its key")
    func comesLate() async throws {
        let sql = try await Session.open()
        let watcher = try await Session.open()
        let pruned = try await ended(sql, "cancelled", ", unique_key => 'k'")
        try await sql.setClock("1 year")
        let sessions = [try await Session.open(), try await Session.open(), try await Session.open()]
        try await sql.run("begin")
        #expect(try await sql.int("select tasks from agentcorp.prune(0::smallint)") == 1)
        async let retry: Void = sessions[0].refuses("select agentcorp.retry(\(pruned))", "AC001", hint: "pruned")
        async let discard: Void = sessions[1].refuses("select agentcorp.discard(\(pruned), 'x')", "AC009")
        async let key = sessions[2].enqueue("'b', unique_key => 'k'")
        try await watcher.waitUntilBlocked(sessions[0])
        try await watcher.waitUntilBlocked(sessions[2])
        // It waits for nobody: the task is there until the pruner has committed, and it did not fail.
        try await discard
        try await sql.run("commit")
        try await retry
        let holder = try await key
        #expect(try await remaining(sql) == [holder])
        #expect(try await sql.int("select task_id from agentcorp.unique_key") == holder)
    }

    @Test("a big tree goes in one piece, and a call does not take many of them")
    func bigTrees() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let subtasks = Array(repeating: #"{"kind":"a"}"#, count: 30).joined(separator: ",")
        for _ in 1...5 { try await sql.tree(#"{"kind":"r","subtasks":[\#(subtasks)]}"#) }
        try await sql.run(
            "select agentcorp.cancel(r) from agentcorp.task t, unnest(array[t.id]) r where t.parent_id is null")
        _ = worker
        try await sql.settle()
        try await sql.setClock("8 days")
        #expect(try await sql.rows("select * from agentcorp.prune(0::smallint, 2)") == ["1|31|true"])
        #expect(try await prune(sql, limit: 2) == 4 * 31)
    }

    @Test("what was open when the pruner came by is found by its next walk")
    func nextWalk() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let late = try await sql.enqueue("'late', priority => 0")
        #expect(try await sql.claim(worker) == [late])
        let early = try await ended(sql)
        try await sql.setClock("8 days")
        #expect(try await prune(sql) == 1)
        #expect(try await remaining(sql) == [late])
        #expect(early != late)
        try await sql.finish(late, worker)
        try await sql.setClock("15 days 1 hour")
        #expect(try await prune(sql) == 1)
    }

    @Test("two prune at once and neither waits")
    func twoPruners() async throws {
        let one = try await Session.open(clock: "8 days")
        let two = try await Session.open(clock: "8 days")
        let sql = try await Session.open()
        try await ended(sql)
        try await prune(sql)
        try await one.run("begin")
        #expect(try await one.int("select tasks from agentcorp.prune(0::smallint)") == 1)
        #expect(try await two.int("select tasks from agentcorp.prune(0::smallint)") == 0)
        try await one.run("commit")
    }

    @Test("workers that stopped long ago go, those that still hold a claim do not")
    func workers() async throws {
        let sql = try await Session.open()
        let gone = try await sql.worker()
        let holding = try await sql.worker()
        try await sql.enqueue()
        #expect(try await sql.claim(holding).count == 1)
        try await sql.run("update agentcorp.worker set stopped_at = agentcorp.clock()")
        let alive = try await sql.worker()
        try await sql.setClock("29 days")
        try await prune(sql)
        #expect(try await sql.int("select count(*) from agentcorp.worker") == 3)
        try await sql.setClock("31 days")
        try await prune(sql)
        #expect(try await sql.ints("select id from agentcorp.worker order by started_at") == [holding, alive])
        _ = gone
    }

    @Test("an exported tree is deleted only as it was exported")
    func deleteExported() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let same = try await ended(sql)
        let changed = try await ended(sql, "failed")
        let open = try await sql.enqueue("'open', run_at => '2100-01-01'")
        let found = "from agentcorp.ended_trees(0::smallint, 0, agentcorp.clock()"
        #expect(try await sql.rows("select ids, attempts, reached \(found))") == ["[\(same),\(changed)]|[1,1]|\(open)"])
        #expect(try await sql.rows("select ids \(found), p_outcome => 'failed')") == ["[\(changed)]"])
        #expect(try await sql.rows("select ids \(found), p_limit => 1)") == ["[\(same)]"])
        #expect(
            try await sql.rows(
                "select ids, reached from agentcorp.ended_trees(0::smallint, \(open), agentcorp.clock())") == ["[]|"])
        #expect(try await sql.rows("select ids from agentcorp.ended_trees(0::smallint, 0, '2001-01-01')") == ["[]"])
        try await sql.run("select agentcorp.retry(\(changed))")
        let delete = "select trees, tasks from agentcorp.delete_trees(0::smallint, '{\(same),\(changed)}', '{1,1}')"
        #expect(try await sql.rows(delete) == ["1|1"])
        #expect(try await sql.claim(worker) == [changed])
        try await sql.finish(changed, worker)
        #expect(try await sql.rows(delete) == ["0|0"])
        #expect(try await remaining(sql) == [changed, open])
    }

    @Test("events go after 30 days, and their keys are free again")
    func events() async throws {
        let sql = try await Session.open()
        func prune() async throws {
            while try await sql.value("select more from agentcorp.prune(0::smallint, 2)") == "true" {}
        }
        try await sql.run("select agentcorp.emit_event('t', '1', key => i::text) from generate_series(1, 3) i")
        try await sql.setClock("29 days")
        try await sql.run("select agentcorp.emit_event('t', '2', key => 'new')")
        try await prune()
        #expect(try await sql.int("select count(*) from agentcorp.event") == 4)
        try await sql.setClock("31 days")
        try await prune()
        #expect(try await sql.rows("select key from agentcorp.event") == ["new"])
        try await sql.run("select agentcorp.emit_event('t', '3', key => '1')")
        #expect(try await sql.int("select count(*) from agentcorp.event") == 2)
    }
}
