import TestSupport
import Testing

@Suite(.checkedDatabase)
struct DeadLetterTests {
    /// Adds a task for each message and lets it fail with that.
    @discardableResult
    private func fail(
        _ sql: Session, _ messages: [String], kind: String = "a", queue: String = "default", more: String = ""
    )
        async throws -> [Int]
    {
        let worker = try await sql.worker()
        var ids: [Int] = []
        for message in messages {
            let task = try await sql.enqueue("'\(kind)', queue => '\(queue)', priority => 0\(more)")
            #expect(try await sql.claim(worker, queue: queue) == [task])
            try await sql.finish(
                task, worker, "'failed', error => jsonb_build_object('message', $m$\(message)$m$), retry => false")
            ids.append(task)
        }
        return ids
    }

    @Test(
        "messages that differ in numbers, ids, paths and what is quoted are the same error",
        arguments: [
            ("disk 7 is full", "disk 12 is full"), ("no such file: /var/lib/a/b.txt", "no such file: /tmp/x"),
            ("user \"ann\" is unknown", "user \"bob smith\" is unknown"),
            ("can't open 'a b' now", "can't open 'c' now"),
            ("id 0f8fad5b-d9cb-469f-a165-70867728950e", "id 7c9e6679-7425-40de-944b-e07fc1f90ae7"),
            ("at 0x7fff12", "at 0xDEADBEEF"), ("commit 3f2a91c is gone", "commit 00beef1 is gone"),
            ("took 3.5s of 4s", "took 17.25s of 9s"), ("at src/main.swift:10:3", "at lib/other.swift:99:1"),
            ("key `a` of `b`", "key `c` of `d`"),
        ])
    func sameError(one: String, other: String) async throws {
        let sql = try await Session.open()
        let hash = { (text: String) in
            try await sql.int("select agentcorp.error_hash(jsonb_build_object('message', $m$\(text)$m$))")
        }
        #expect(try await hash(one) == hash(other))
    }

    @Test("what is really different stays so: words, reasons, kinds")
    func otherError() async throws {
        let sql = try await Session.open()
        #expect(
            try await sql.int(
                """
                select count(distinct agentcorp.fingerprint(k, e::jsonb)) from (values
                    ('a', '{"message": "disk 7 is full"}'), ('b', '{"message": "disk 7 is full"}'), ('a', '{"message": "disk is full"}'),
                    ('a', '{"message": "face is full"}'), ('a', '{"message": "disk 7 is full", "reason": "timeout"}'),
                    ('a', '{}'), ('a', null), ('a', '[1, "x"]'), ('a', '{"code": "x"}'), ('a', '{"code": 7}'), ('a', '{"code": 8}')) v(k, e)
                """) == 9)
        #expect(
            try await sql.value("select agentcorp.fingerprint('a', '{\"message\": \"disk 7 is full\"}')").count == 12)
    }

    @Test("failures are grouped by fingerprint, kind and queue, the most frequent first, without what was discarded")
    func groups() async throws {
        let sql = try await Session.open()
        try await sql.run("select agentcorp.create_queue('io')")
        let disk = try await fail(sql, ["disk 1 is full", "disk 2 is full", "disk 3 is full"])
        try await fail(sql, ["disk 4 is full"], queue: "io")
        let net = try await fail(sql, ["host \"x\" is down", "host \"y\" is down"], kind: "b")
        let groups = "select kind, queue, failures, message, task_id from agentcorp.failure_groups"
        #expect(
            try await sql.rows("\(groups)()") == [
                "a|default|3|disk 3 is full|\(disk[2])", "b|default|2|host \"y\" is down|\(net[1])",
                "a|io|1|disk 4 is full|\(disk[2] + 1)",
            ])
        #expect(try await sql.rows("\(groups)('io')").count == 1)
        #expect(try await sql.rows("\(groups)(only_kind => 'b')").count == 1)
        #expect(try await sql.rows("\(groups)(limit_to => 1)").count == 1)
        try await sql.run("select agentcorp.discard(\(disk[2]), 'a known one')")
        #expect(try await sql.rows("\(groups)('default', 'a')") == ["a|default|2|disk 2 is full|\(disk[1])"])
        let fingerprint = try await sql.value("select fingerprint from agentcorp.failure_groups('default', 'a')")
        let listed = #"select task_id from agentcorp.list_failures('{"fingerprint": "\#(fingerprint)"}'"#
        #expect(try await sql.ints("\(listed))") == [disk[2] + 1, disk[1], disk[0]])
        #expect(try await sql.ints("\(listed), limit_to => 1, before => \(disk[1]))") == [disk[0]])
        #expect(
            try await sql.int(#"select agentcorp.retry_many('{"fingerprint": "\#(fingerprint)", "queue": "default"}')"#)
                == 2)
        #expect(try await sql.ints("\(listed))") == [disk[2] + 1])
        try await sql.refuses("select agentcorp.failure_groups('oi')", "AC006", hint: "did you mean \"io\"?")
    }

    @Test("a discarded failure is history with who and why, and only its id brings it back")
    func discard() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let ids = try await fail(sql, ["disk 1 is full", "disk 2 is full", "net is down"])
        #expect(try await sql.int(#"select agentcorp.discard_many('{"error": "disk"}', 'an old disk', 'ann')"#) == 2)
        #expect(try await sql.int(#"select agentcorp.discard_many('{"error": "disk"}', 'again')"#) == 0)
        #expect(try await sql.ints("select task_id from agentcorp.failures") == [ids[2]])
        #expect(
            try await sql.rows("select task_id, discarded_by, reason, message from agentcorp.discards order by 1") == [
                "\(ids[0])|ann|an old disk|disk 1 is full", "\(ids[1])|ann|an old disk|disk 2 is full",
            ])
        #expect(
            try await sql.value("select agentcorp.describe(\(ids[0])) -> 'discarded' ->> 'reason'") == "an old disk")
        #expect(try await sql.state(ids[0]) == "failed")
        #expect(try await sql.int("select agentcorp.retry_many('{}')") == 1)
        #expect(try await sql.int("select agentcorp.retry(\(ids[0]))") == 1)
        // It is a new failure when it fails again.
        for task in try await sql.claim(worker, 2) { try await sql.finish(task, worker, "'failed', retry => false") }
        #expect(try await sql.ints("select task_id from agentcorp.failures order by 1") == [ids[0], ids[2]])
        #expect(try await sql.value("select agentcorp.describe(\(ids[0])) -> 'discarded' = 'null'") == "true")
        #expect(try await sql.int("select count(*) from agentcorp.discards") == 2)
    }

    @Test("only what has failed can be discarded, once, and with a reason")
    func discardRefused() async throws {
        let sql = try await Session.open()
        let failed = try await fail(sql, ["x"])[0]
        let open = try await sql.enqueue()
        try await sql.refuses("select agentcorp.discard(4711, 'x')", "AC001", "unknown task 4711", hint: "pruned")
        try await sql.refuses("select agentcorp.discard(\(open), 'x')", "AC009", "has not failed")
        try await sql.refuses("select agentcorp.discard(\(failed), ' ')", "AC007", "reason is empty")
        try await sql.refuses("select agentcorp.discard(\(failed), null)", "AC007", "reason is empty")
        try await sql.refuses("select agentcorp.discard(\(failed), repeat('x', 1001))", "AC007", "1000")
        try await sql.refuses(#"select agentcorp.discard_many('{"state": "cancelled"}', 'x')"#, "AC007", "only failed")
        try await sql.run("select agentcorp.discard(\(failed), 'x'';drop table agentcorp.task--')")
        try await sql.refuses("select agentcorp.discard(\(failed), 'x')", "AC009", "discarded already")
    }

    @Test(
        "a filter that makes no sense is refused, by everything that takes one",
        arguments: [
            "retry_many('F')", "redrive('F')", "discard_many('F', 'x')", "list_failures('F')",
        ])
    func filters(function: String) async throws {
        let sql = try await Session.open()
        for (filter, state) in [
            (#"{"fingerprint": "12"}"#, "AC007"), (#"{"fingerprint": "2ec0c2700cc1"}"#, nil), (#"{"kid": 1}"#, "AC007"),
            (#"{"queue": "nope"}"#, "AC006"), (#"{"since": "noonish"}"#, "AC007"), (#"{"limit": -1}"#, "AC007"),
            (#"{"fingerprint": "2ec0c2700cc1", "state": "cancelled"}"#, "AC007"), ("[]", "AC007"), ("null", "AC007"),
            (#"{"kind": null, "queue": null, "fingerprint": null, "since": null}"#, nil),
            (#"{"kind": {"a": 1}, "error": "%s'' \\"}"#, nil),
        ] as [(String, String?)] {
            let call = "select count(*) from agentcorp.\(function.replacing("F", with: filter))"
            if let state { try await sql.refuses(call, state) } else { try await sql.run(call) }
        }
    }

    @Test("a redrive puts failures back at its rate, and none that fails again")
    func redrive() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let ids = try await fail(sql, (1...10).map { "disk \($0) is full" })
        let others = try await fail(sql, ["net is down"])
        let begun = try await sql.rows(
            #"select redrive_id, tasks, last_at - agentcorp.clock() > '8 s' from agentcorp.redrive('{"error": "disk"}', 1, created_by => 'ann')"#
        )
        #expect(begun == ["1|10|true"])
        #expect(try await sql.int("select tasks from agentcorp.redrive_due()") == 1)
        #expect(try await sql.int("select tasks from agentcorp.redrive_due()") == 0)
        #expect(try await sql.int("select next_in_ms from agentcorp.redrive_due()") > 100)
        #expect(try await sql.ints("select id from agentcorp.tasks where state = 'ready'") == [ids[0]])
        #expect(try await sql.claim(worker) == [ids[0]])
        try await sql.finish(ids[0], worker, "'failed', error => '{\"message\": \"disk again\"}', retry => false")
        // A pause of the coordinator is not made up for at once.
        try await sql.setClock("1 hour")
        #expect(try await sql.int("select tasks from agentcorp.redrive_due()") == 2)
        for second in 1...7 {
            try await sql.setClock("1 hour \(second * 2) s")
            #expect(
                try await sql.int("select tasks from agentcorp.redrive_due()") == (second < 5 ? 2 : 0)
                    - (second == 4 ? 1 : 0))
        }
        #expect(
            try await sql.rows("select state, total, tried, retried, created_by, ends_at from agentcorp.redrives")
                == ["ended|10|10|10|ann|"])
        #expect(try await sql.ints("select task_id from agentcorp.failures order by 1") == [ids[0], others[0]])
        #expect(try await sql.rows("select next_in_ms from agentcorp.redrive_due()") == [""])
    }

    @Test("a redrive that is stopped leaves the rest with the dead letters")
    func stop() async throws {
        let sql = try await Session.open()
        try await fail(sql, ["a", "b", "c"])
        try await sql.run(
            "select agentcorp.redrive(per_second => 0.1, start_at => agentcorp.clock() + interval '1 hour')")
        #expect(try await sql.int("select tasks from agentcorp.redrive_due()") == 0)
        try await sql.setClock("2 hours")
        #expect(try await sql.int("select tasks from agentcorp.redrive_due()") == 1)
        #expect(try await sql.value("select agentcorp.stop_redrive(1)") == "true")
        #expect(try await sql.value("select agentcorp.stop_redrive(1)") == "false")
        try await sql.setClock("3 hours")
        #expect(try await sql.int("select tasks from agentcorp.redrive_due()") == 0)
        #expect(try await sql.int("select count(*) from agentcorp.failures") == 2)
        #expect(try await sql.value("select state from agentcorp.redrives") == "stopped")
        try await sql.refuses("select agentcorp.stop_redrive(7)", "AC007", "unknown redrive 7")
        for rate in ["0", "-1", "'nan'", "'infinity'", "null"] {
            try await sql.refuses("select agentcorp.redrive(per_second => \(rate))", "AC007", "per_second")
        }
        try await sql.refuses("select agentcorp.redrive(start_at => 'infinity')", "AC007", "infinite")
        #expect(
            try await sql.rows(
                "select tasks, state from agentcorp.redrive('{\"kind\": \"none\"}'), agentcorp.redrives where id = redrive_id"
            ).isEmpty)
        #expect(try await sql.value("select state from agentcorp.redrives order by id desc limit 1") == "ended")
    }

    @Test("two coordinators put each failure back once, and trees come back whole")
    func twoCoordinators() async throws {
        let one = try await Session.open()
        let two = try await Session.open()
        let worker = try await one.worker()
        let root = try await one.tree(#"{"kind":"r","subtasks":[{"kind":"a","priority":0},{"kind":"b"}]}"#)
        #expect(try await one.claim(worker) == [root + 1])
        try await one.finish(root + 1, worker, "'failed', retry => false")
        try await one.settle()
        let single = try await fail(one, ["x"])[0]
        try await one.run("select agentcorp.redrive(per_second => 1000)")
        try await one.setClock("1 s")
        try await two.setClock("1 s")
        try await one.run("begin")
        #expect(try await one.int("select tasks from agentcorp.redrive_due()") == 4)
        #expect(try await two.int("select tasks from agentcorp.redrive_due()") == 0)
        try await one.run("commit")
        #expect(try await one.states(root) == ["r blocked", "a ready", "b ready"])
        #expect(try await one.state(single) == "ready")
    }

    @Test("thirty thousand failures are grouped and put back in seconds", .timeLimit(.minutes(30)))
    func many() async throws {
        let sql = try await Session.open()
        try await sql.run(
            """
            insert into agentcorp.task (id, root_id, created_at, queue_id, shard, kind)
                select i, i, agentcorp.clock(), 1, 0, 'k' || i % 5 from generate_series(1, 30000) i;
            insert into agentcorp.attempt (task_id, finished_at, worker_id, attempt, outcome, shard, error)
                select i, agentcorp.clock(), 1, 1, 2, 0, jsonb_build_object('message', format('error %s of disk %s', chr(97 + i % 20), i)) from generate_series(1, 30000) i;
            insert into agentcorp.count_delta (queue_id, failed, shard) values (1, 30000, 0);
            select setval('agentcorp.task_id', 30000);
            """)
        let begin = ContinuousClock.now
        #expect(try await sql.int("select count(*) from agentcorp.failure_groups()") == 20)
        let grouped = ContinuousClock.now
        #expect(grouped - begin < .seconds(60))
        #expect(try await sql.int("select agentcorp.retry_many('{\"kind\": \"k1\"}')") == 6_000)
        #expect(ContinuousClock.now - grouped < .seconds(120))
    }
}
