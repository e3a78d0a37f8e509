import TestSupport
import Testing

@Suite(.checkedDatabase)
struct RetryPolicyTests {
    @Test("a failure is retried after a back-off until the attempts are spent")
    func attempts() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.enqueue("'a', max_attempts => 3, backoff => 'fixed 10s jitter 0'")
        for attempt in 1...3 {
            #expect(try await sql.claim(worker) == [task])
            #expect(try await sql.finish(task, worker, "'failed', error => '{\"message\": \"no \(attempt)\"}'"))
            if attempt == 3 { break }
            #expect(try await sql.rows("select state, attempt from agentcorp.tasks") == ["scheduled|\(attempt + 1)"])
            #expect(
                try await sql.value(
                    "select run_at - (select max(finished_at) from agentcorp.attempts) from agentcorp.tasks")
                    == "00:00:10")
            #expect(
                try await sql.value("select error ->> 'message' from agentcorp.states(0::smallint, '{\(task)}')")
                    == "no \(attempt)")
            #expect(try await sql.value("select promoted from agentcorp.promote(0::smallint)") == "0")
            try await sql.setClock("\(attempt * 11) seconds")
            #expect(try await sql.value("select promoted from agentcorp.promote(0::smallint)") == "1")
        }
        #expect(try await sql.rows("select state, attempt from agentcorp.tasks") == ["failed|3"])
        #expect(
            try await sql.rows("select attempt, outcome, error ->> 'message' from agentcorp.attempts order by 1") == [
                "1|errored|no 1", "2|errored|no 2", "3|failed|no 3",
            ])
    }

    @Test("the handler decides: for good, or after its own delay")
    func handler() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        for _ in 1...2 { try await sql.enqueue() }
        #expect(try await sql.claim(worker, 2) == [1, 2])
        try await sql.finish(1, worker, "'failed', retry => false")
        try await sql.finish(2, worker, "'failed', delay => '2 hours'")
        #expect(try await sql.state(1) == "failed")
        #expect(
            try await sql.value(
                "select t.run_at - a.finished_at from agentcorp.tasks t, agentcorp.attempts a where t.id = 2 and a.task_id = 2"
            ) == "02:00:00")
    }

    @Test(
        "the delay grows as the policy says",
        arguments: [
            ("exponential 1s..60s", "1000 2000 4000 8000 16000 32000 60000 60000"), ("1s", "1000 2000 4000 8000"),
            ("linear 5s..12s", "5000 10000 12000 12000"), ("fixed 1.5s", "1500 1500 1500"),
            ("fixed 2h", "7200000 7200000"),
            ("3h", "10800000 10800000"), ("exponential", "1000 2000 4000"), ("linear 500ms", "500 1000 1500"),
            ("1m..5m", "60000 120000 240000 300000"), ("fixed 0s", "0 0"),
        ])
    func delays(_ backoff: String, _ expected: String) async throws {
        let sql = try await Session.open()
        #expect(
            try await sql.rows(
                """
                select (extract(epoch from agentcorp.backoff_delay(jsonb_build_object('backoff', agentcorp.parse_backoff('\(backoff)') || '{"jitter": 0}'), n)) * 1000)::bigint
                from generate_series(1, \(expected.split(separator: " ").count)) n
                """) == expected.split(separator: " ").map(String.init))
    }

    @Test("jitter spreads the delay by half its fraction to both sides; the cap of an hour holds for ever")
    func jitter() async throws {
        let sql = try await Session.open()
        #expect(
            try await sql.rows(
                """
                select min(d) < 9200, max(d) > 10800, min(d) >= 9000, max(d) <= 11000 from (
                    select extract(epoch from agentcorp.backoff_delay('{"backoff": {"strategy": "fixed", "base_ms": 10000, "jitter": 0.2}}', 3)) * 1000 d
                    from generate_series(1, 1000)) q
                """) == ["true|true|true|true"])
        #expect(
            try await sql.value(
                "select max(agentcorp.backoff_delay(null, n)) <= interval '66 minutes' from generate_series(1, 1000) n")
                == "true")
    }

    @Test(
        "the grammar of back-off is read in full",
        arguments: [
            ("1s..60s", #"{"cap_ms": 60000, "base_ms": 1000}"#),
            ("linear 5s..10m jitter 0.1", #"{"jitter": 0.1, "cap_ms": 600000, "base_ms": 5000, "strategy": "linear"}"#),
            ("  exponential 1.5 s .. 1 h  ", #"{"cap_ms": 3600000, "base_ms": 1500, "strategy": "exponential"}"#),
            ("fixed", #"{"strategy": "fixed"}"#), ("500ms jitter 1", #"{"jitter": 1, "base_ms": 500}"#),
            ("1d jitter .5", #"{"jitter": 0.5, "base_ms": 86400000}"#),
        ])
    func grammar(_ text: String, _ policy: String) async throws {
        let sql = try await Session.open()
        #expect(try await sql.value("select agentcorp.parse_backoff('\(text)') = '\(policy)'") == "true")
    }

    @Test("a snooze, a suspension and a loss do not count as failures; a retry by hand begins to count anew")
    func counted() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.enqueue("'a', max_attempts => 2, backoff => 'fixed 0s'")
        for (outcome, state) in [
            ("'snoozed'", "scheduled"), ("'suspended'", "ready"), ("'failed'", "scheduled"), ("'snoozed'", "scheduled"),
            ("'failed'", "failed"),
        ] {
            try await sql.settle()
            #expect(try await sql.claim(worker) == [task])
            try await sql.finish(task, worker, outcome)
            #expect(try await sql.state(task) == state)
        }
        try await sql.run("select agentcorp.retry(\(task))")
        #expect(try await sql.claim(worker) == [task])
        try await sql.finish(task, worker, "'failed'")
        #expect(try await sql.rows("select state, attempt from agentcorp.tasks") == ["scheduled|7"])
    }

    @Test("the number of attempts never runs over")
    func manyAttempts() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.enqueue()
        try await sql.run(
            """
            insert into agentcorp.attempt (task_id, finished_at, attempt, outcome, shard) select \(task), now(), i, 13, 0 from generate_series(1, 31999) i;
            update agentcorp.ready set attempt = 32000
            """)
        #expect(try await sql.claim(worker) == [task])
        #expect(try await sql.finish(task, worker, "'snoozed', delay => '1 s'"))
        #expect(try await sql.rows("select state, error ->> 'reason' from agentcorp.tasks") == ["failed|attempts"])
    }
}
