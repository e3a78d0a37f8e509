import TestSupport
import Testing

@Suite(.checkedDatabase)
struct ScheduleTests {
    /// A session in which it is this moment.
    private func session(at moment: String) async throws -> Session {
        let sql = try await Session.open()
        try await sql.setMoment(moment)
        return sql
    }

    /// Fires until nothing is due; returns how many moments were dealt with.
    @discardableResult
    private func fire(_ sql: Session) async throws -> Int {
        var all = 0
        while true {
            let fired = try await sql.int("select fired from agentcorp.fire_schedules(0::smallint)")
            all += fired
            if fired == 0 { return all }
        }
    }

    private func fires(_ sql: Session) async throws -> [String] {
        try await sql.rows(
            """
            select to_char(fire_at at time zone 'UTC', 'HH24:MI') || case when skipped is null then '' else ' ' || skipped end
            from agentcorp.fires order by schedule, fire_at
            """)
    }

    @Test("a schedule fires when it is due, once, and its task tells for which moment")
    func fires() async throws {
        let sql = try await session(at: "2030-01-07 09:59:59")
        #expect(
            try await sql.value(
                """
                select agentcorp.set_schedule('report', '0 * * * *', 'report', '{"a": 1}', priority => 2, max_attempts => 3, timeout => '5 minutes',
                    backoff => '5s..10s', tags => '{nightly}', description => 'the report') at time zone 'UTC'
                """) == "2030-01-07T10:00:00")
        #expect(
            try await sql.value("select next_in_ms between 1 and 1000 from agentcorp.fire_schedules(0::smallint)")
                == "true")
        #expect(try await sql.int("select count(*) from agentcorp.task") == 0)
        try await sql.setMoment("2030-01-07 10:00:00")
        #expect(
            try await sql.rows(
                "select fired, failed, next_in_ms between 3590000 and 3600000 from agentcorp.fire_schedules(0::smallint)"
            )
                == ["1|0|true"])
        #expect(try await fire(sql) == 0)
        #expect(
            try await sql.rows(
                "select kind, name, state, priority, max_attempts, tags::text, args::text from agentcorp.tasks") == [
                    "report|report|ready|2|3|{nightly,schedule:report}|{\"a\": 1}"
                ])
        #expect(
            try await sql.value("select policy ->> 'unique_key' from agentcorp.task")
                == "schedule:report:2030-01-07T10:00:00Z")
        #expect(try await sql.value("select policy ->> 'timeout_ms' from agentcorp.task") == "300000")
        #expect(
            try await sql.rows(
                """
                select name, cron, time_zone, kind, last_task_id, last_state, fired, skipped, error, description, to_char(next_fire_at at time zone 'UTC', 'HH24:MI')
                from agentcorp.schedules
                """) == ["report|0 * * * *|UTC|report|1|ready|1|0||the report|11:00"])
        #expect(try await sql.rows("select schedule, task_id, skipped from agentcorp.fires") == ["report|1|"])
    }

    @Test("of many sessions that fire at the same time, one fires each moment")
    func concurrent() async throws {
        let sql = try await session(at: "2030-01-07 09:30")
        for i in 0..<20 {
            try await sql.run(
                "select agentcorp.set_schedule('s\(i)', 'every 10m', 'noop', catch_up => 'all', overlap => 'queue')")
        }
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let sql = try await session(at: "2030-01-07 11:00")
                    var all = 0
                    repeat {
                        all += try await fire(sql)
                    } while try await sql.int(
                        "select count(*) from agentcorp.schedule where due_at <= agentcorp.clock()") > 0
                    return all
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(count == 20 * 9)
        #expect(try await sql.int("select count(*) from agentcorp.task") == 180)
        #expect(try await sql.int("select count(distinct policy ->> 'unique_key') from agentcorp.task") == 180)
        #expect(try await sql.int("select count(*) from agentcorp.fire where task_id is not null") == 180)
    }

    @Test("who comes while another session fires passes over what that one holds, and finds it done")
    func twoLeaders() async throws {
        let one = try await session(at: "2030-01-07 09:59")
        try await one.run("select agentcorp.set_schedule('a', '@hourly', 'noop', overlap => 'queue')")
        let two = try await session(at: "2030-01-07 10:00:01")
        try await one.setMoment("2030-01-07 10:00:01")
        try await one.run("begin")
        #expect(try await one.int("select fired from agentcorp.fire_schedules(0::smallint)") == 1)
        #expect(
            try await two.rows("select fired, failed, next_in_ms from agentcorp.fire_schedules(0::smallint)") == [
                "0|0|100"
            ])
        try await one.run("commit")
        #expect(try await fire(two) == 0)
        #expect(try await two.int("select count(*) from agentcorp.task") == 1)
        // One that read the schedule before and gets its lock late looks again.
        try await one.setMoment("2030-01-07 11:00:01")
        try await two.setMoment("2030-01-07 11:00:01")
        try await one.run("begin; select from agentcorp.fire_schedules(0::smallint); rollback")
        #expect(try await fire(two) == 1)
        #expect(try await two.int("select count(*) from agentcorp.task") == 2)
    }

    @Test("the key of a fire refuses a second one, whatever the schedule says")
    func key() async throws {
        let sql = try await session(at: "2030-01-07 09:59")
        try await sql.run("select agentcorp.set_schedule('a', '@hourly', 'noop', overlap => 'queue')")
        try await sql.setMoment("2030-01-07 10:00")
        #expect(try await fire(sql) == 1)
        // The clock of the server is set back.
        try await sql.setMoment("2030-01-07 09:59")
        #expect(try await fire(sql) == 0)
        try await sql.run("select agentcorp.set_schedule('a', '0 * * * *', 'noop', overlap => 'queue')")
        try await sql.setMoment("2030-01-07 10:00")
        #expect(try await fire(sql) == 0)
        // Removed and made again while the clock is back.
        try await sql.setMoment("2030-01-07 09:59")
        try await sql.run("select agentcorp.remove_schedule('a')")
        #expect(try await sql.int("select count(*) from agentcorp.fires") == 1)
        try await sql.run("select agentcorp.set_schedule('a', '0 * * * *', 'noop')")
        try await sql.setMoment("2030-01-07 10:00")
        #expect(try await fire(sql) == 0)
        #expect(try await sql.int("select count(*) from agentcorp.task") == 1)
        #expect(try await sql.int("select count(*) from agentcorp.schedules where error is not null") == 0)
        // Even who would not look before hits the key.
        try await sql.refuses(
            "insert into agentcorp.fire (fire_at, fired_at, shard, schedule) select fire_at, fired_at, shard, schedule from agentcorp.fire",
            "23505")
        try await sql.setMoment("2030-01-07 11:00")
        #expect(try await fire(sql) == 1)
    }

    @Test("one schedule that cannot fire does not hold up the others, says why, and goes on when it is mended")
    func failing() async throws {
        let sql = try await session(at: "2030-01-07 09:59")
        try await sql.run("select agentcorp.create_queue('gone')")
        try await sql.run(
            "select agentcorp.set_schedule('a', '@hourly', 'noop', queue => 'gone', catch_up => 'latest')")
        try await sql.run("select agentcorp.set_schedule('b', '@hourly', 'noop')")
        try await sql.run("delete from agentcorp.queue where name = 'gone'")
        try await sql.setMoment("2030-01-07 10:00")
        #expect(
            try await sql.rows(
                "select fired, failed, next_in_ms between 9000 and 10000 from agentcorp.fire_schedules(0::smallint)")
                == ["1|1|true"])
        #expect(
            try await sql.rows("select name, fired, error, failed_at is not null from agentcorp.schedules order by 1")
                == [
                    "a|0|unknown queue \"gone\"|true", "b|1||false",
                ])
        try await sql.setMoment("2030-01-07 10:05")
        #expect(try await sql.rows("select fired, failed from agentcorp.fire_schedules(0::smallint)") == ["0|1"])
        try await sql.run("select agentcorp.create_queue('gone')")
        try await sql.setMoment("2030-01-07 10:06")
        #expect(try await sql.rows("select fired, failed from agentcorp.fire_schedules(0::smallint)") == ["1|0"])
        #expect(try await sql.rows("select error from agentcorp.schedules where name = 'a'") == [""])
        #expect(try await fires(sql) == ["10:00", "10:00"])
    }

    @Test(
        "what was missed is skipped, caught up with once, or caught up with whole",
        arguments: [
            ("none", ["10:30 missed", "14:00"]), ("latest", ["10:30 missed", "14:00"]),
            ("all", ["10:30", "11:00", "11:30", "12:00", "12:30", "13:00", "13:30", "14:00"]),
        ])
    func catchUp(rule: String, expected: [String]) async throws {
        let sql = try await session(at: "2030-01-07 10:15")
        try await sql.run(
            "select agentcorp.set_schedule('a', '*/30 * * * *', 'noop', catch_up => '\(rule)', overlap => 'queue')")
        try await sql.setMoment("2030-01-07 14:00:30")
        #expect(try await fire(sql) == expected.filter { !$0.contains("missed") }.count)
        #expect(try await fires(sql) == expected)
        #expect(
            try await sql.value("select next_fire_at at time zone 'UTC' from agentcorp.schedules")
                == "2030-01-07T14:30:00")
    }

    @Test("what is more than a minute late is missed unless it is caught up with")
    func grace() async throws {
        let sql = try await session(at: "2030-01-07 10:15")
        try await sql.run("select agentcorp.set_schedule('a', '*/30 * * * *', 'noop')")
        try await sql.run("select agentcorp.set_schedule('b', '*/30 * * * *', 'noop', catch_up => 'latest')")
        try await sql.setMoment("2030-01-07 10:31:01")
        #expect(try await fire(sql) == 1)
        #expect(try await fires(sql) == ["10:30 missed", "10:30"])
        #expect(try await sql.rows("select fired, skipped from agentcorp.schedules order by name") == ["0|1", "1|0"])
        // All that are less late fire.
        try await sql.run("select agentcorp.set_schedule('c', 'every 20s', 'noop', overlap => 'queue')")
        try await sql.setMoment("2030-01-07 10:32:15")
        #expect(try await fire(sql) == 3)
        #expect(try await sql.rows("select fired, skipped from agentcorp.schedules where name = 'c'") == ["3|0"])
    }

    @Test("a year of missed seconds is passed over at once")
    func longDowntime() async throws {
        let sql = try await session(at: "2030-01-07 10:00")
        for (name, cron) in [("a", "every 1s"), ("b", "* * * * *"), ("c", "*/7 3-5 * * MON")] {
            try await sql.run(
                "select agentcorp.set_schedule('\(name)', '\(cron)', 'noop', time_zone => 'Europe/Berlin', catch_up => 'latest')"
            )
        }
        try await sql.setMoment("2031-01-07 10:00:30.5")
        try await sql.run("set statement_timeout = '2 s'")
        #expect(try await fire(sql) == 3)
        #expect(
            try await sql.rows("select last_fire_at at time zone 'UTC' from agentcorp.schedules order by name") == [
                "2031-01-07T10:00:30", "2031-01-07T10:00:00", "2031-01-06T04:56:00",
            ])
    }

    @Test("the record of fires goes back 30 days")
    func record() async throws {
        let sql = try await session(at: "2030-01-07 10:15")
        try await sql.run(
            "select agentcorp.set_schedule('a', '@daily', 'noop', catch_up => 'all', overlap => 'queue'), agentcorp.set_schedule('b', '0 0 8 1 *', 'noop')"
        )
        try await sql.setMoment("2030-01-08 00:00")
        try await fire(sql)
        try await sql.setMoment("2030-03-10 10:00")
        try await fire(sql)
        try await sql.setMoment("2030-03-11 10:00")
        try await fire(sql)
        #expect(
            try await sql.rows(
                "select schedule, count(*), min(fire_at)::date from agentcorp.fires group by 1 order by 1") == [
                    "a|30|2030-02-10", "b|1|2030-01-08",
                ])
        #expect(try await sql.int("select fired from agentcorp.schedules where name = 'a'") == 63)
    }

    @Test("one with much to catch up with lets the others go first")
    func fairness() async throws {
        let sql = try await session(at: "2030-01-07 10:00")
        try await sql.run(
            "select agentcorp.set_schedule('long', 'every 10s', 'noop', catch_up => 'all', overlap => 'queue')")
        try await sql.setMoment("2030-01-07 11:00")
        try await sql.run("select agentcorp.set_schedule('short', 'every 10s', 'noop')")
        try await sql.setMoment("2030-01-07 11:00:10")
        #expect(try await sql.rows("select fired, next_in_ms from agentcorp.fire_schedules(0::smallint)") == ["11|0"])
        #expect(try await sql.int("select fired from agentcorp.schedules where name = 'short'") == 1)
        #expect(try await fire(sql) == 361 - 10)
        #expect(try await sql.int("select count(*) from agentcorp.blocked") == 360)
    }

    @Test("while the last task is open a fire is skipped, and noted")
    func skip() async throws {
        let sql = try await session(at: "2030-01-07 09:59")
        let worker = try await sql.worker()
        try await sql.run("select agentcorp.set_schedule('a', '@hourly', 'noop')")
        for hour in 10...13 {
            try await sql.setMoment("2030-01-07 \(hour):00")
            try await fire(sql)
            if hour == 11 {
                try await sql.run("select agentcorp.heartbeat(\(worker))")
                #expect(try await sql.claim(worker) == [1])
            }
            if hour == 12 { #expect(try await sql.finish(1, worker)) }
        }
        #expect(try await fires(sql) == ["10:00", "11:00 overlap", "12:00 overlap", "13:00"])
        #expect(
            try await sql.rows("select fired, skipped, last_task_id, last_state from agentcorp.schedules") == [
                "2|2|2|ready"
            ])
    }

    @Test("queued fires run one after the other, however each ends")
    func queue() async throws {
        let sql = try await session(at: "2030-01-07 09:59")
        let worker = try await sql.worker()
        try await sql.run("select agentcorp.set_schedule('a', '@hourly', 'noop', overlap => 'queue')")
        for hour in 10...12 {
            try await sql.setMoment("2030-01-07 \(hour):00")
            try await fire(sql)
        }
        try await sql.run("select agentcorp.heartbeat(\(worker))")
        #expect(try await sql.claim(worker, 5) == [1])
        try await sql.finish(1, worker, "'failed', retry => false")
        try await sql.settle()
        #expect(try await sql.claim(worker, 5) == [2])
        try await sql.run("select agentcorp.cancel(2)")
        try await sql.settle()
        #expect(try await sql.claim(worker, 5) == [3])
        try await sql.finish(3, worker)
        #expect(try await fires(sql) == ["10:00", "11:00", "12:00"])
    }

    @Test("the last task is cancelled when the next one comes")
    func cancelRunning() async throws {
        let sql = try await session(at: "2030-01-07 09:59")
        let worker = try await sql.worker()
        try await sql.run("select agentcorp.set_schedule('a', '@hourly', 'noop', overlap => 'cancel_running')")
        try await sql.setMoment("2030-01-07 10:00")
        try await fire(sql)
        try await sql.run("select agentcorp.heartbeat(\(worker))")
        #expect(try await sql.claim(worker) == [1])
        try await sql.setMoment("2030-01-07 11:00")
        try await fire(sql)
        #expect(try await sql.state(1) == "cancelled")
        #expect(
            try await sql.value("select error ->> 'message' from agentcorp.attempts")
                == "schedule \"a\" has fired again")
        #expect(try await sql.rows("select task_id, outcome from agentcorp.heartbeat(\(worker))") == ["1|cancelled"])
        #expect(try await sql.finish(1, worker) == false)
        #expect(try await sql.state(2) == "ready")
    }

    @Test("jitter puts each task off by a part of it that depends on name and moment alone")
    func jitter() async throws {
        let sql = try await session(at: "2030-01-07 09:59")
        for i in 0..<20 {
            try await sql.run("select agentcorp.set_schedule('s\(i)', '@hourly', 'noop', jitter => '10 minutes')")
        }
        try await sql.setMoment("2030-01-07 10:00")
        try await sql.run("begin")
        #expect(try await fire(sql) == 20)
        let delays =
            "select t.name, extract(epoch from t.run_at) - extract(epoch from timestamptz '2030-01-07 10:00Z') from agentcorp.tasks t order by 1"
        let first = try await sql.rows(delays)
        let seconds = first.compactMap { Double($0.split(separator: "|").last ?? "") }
        #expect(seconds.count == 20)
        #expect(seconds.allSatisfy { (0..<600).contains($0) })
        #expect((seconds.max() ?? 0) - (seconds.min() ?? 0) > 200)
        try await sql.run("rollback")
        #expect(try await fire(sql) == 20)
        #expect(try await sql.rows(delays) == first)
    }

    @Test("a paused schedule does not fire; resumed, it does with what it missed as its catch-up says")
    func pause() async throws {
        let sql = try await session(at: "2030-01-07 09:59")
        for rule in ["none", "latest", "all"] {
            try await sql.run(
                "select agentcorp.set_schedule('\(rule)', '*/5 * * * *', 'noop', catch_up => '\(rule)', overlap => 'queue')"
            )
            try await sql.run("select agentcorp.pause_schedule('\(rule)'), agentcorp.pause_schedule('\(rule)')")
        }
        try await sql.setMoment("2030-01-07 10:10:10")
        #expect(try await fire(sql) == 0)
        #expect(try await sql.rows("select next_in_ms from agentcorp.fire_schedules(0::smallint)") == [""])
        #expect(
            try await sql.int(
                "select count(*) from agentcorp.schedules where paused_at is not null and next_fire_at is null") == 3)
        // Set again while paused, it stays paused.
        try await sql.run("select agentcorp.set_schedule('none', '*/5 * * * *', 'other', overlap => 'queue')")
        #expect(try await fire(sql) == 0)
        #expect(
            try await sql.value("select agentcorp.resume_schedule('none') at time zone 'UTC'") == "2030-01-07T10:15:00")
        try await sql.run(
            "select agentcorp.resume_schedule('latest'), agentcorp.resume_schedule('all'), agentcorp.resume_schedule('all')"
        )
        try await fire(sql)
        #expect(
            try await sql.rows(
                "select schedule, string_agg(to_char(fire_at at time zone 'UTC', 'HH24:MI') || coalesce(' ' || skipped, ''), ', ' order by fire_at) from agentcorp.fires group by 1 order by 1"
            ) == ["all|10:00, 10:05, 10:10", "latest|10:00 missed, 10:10"])
        try await sql.setMoment("2030-01-07 10:15")
        #expect(try await fire(sql) == 3)
    }

    @Test("setting a schedule as it is changes nothing, also when it is just due")
    func idempotent() async throws {
        let sql = try await session(at: "2030-01-07 09:59")
        let set =
            "select agentcorp.set_schedule('a', '*/5  * * * *', 'noop', '{\"b\": 1, \"a\": 2}', time_zone => 'europe/berlin', jitter => '0')"
        try await sql.run(set)
        let before = try await sql.rows("select xmin, s from agentcorp.schedule s")
        try await sql.setMoment("2030-01-07 10:00:30")
        #expect(try await sql.value("\(set) <= agentcorp.clock()") == "true")
        #expect(try await sql.rows("select xmin, s from agentcorp.schedule s") == before)
        // Another task in the same timetable: the moment that is due is not lost.
        try await sql.run("select agentcorp.set_schedule('a', '*/5 * * * *', 'other', time_zone => 'Europe/Berlin')")
        #expect(try await fire(sql) == 1)
        #expect(try await sql.rows("select kind from agentcorp.task") == ["other"])
        // Another timetable begins now.
        #expect(
            try await sql.value(
                "select agentcorp.set_schedule('a', '0 12 * * *', 'other', time_zone => 'Europe/Berlin') at time zone 'UTC'"
            )
                == "2030-01-07T11:00:00")
        #expect(
            try await sql.value("select agentcorp.set_schedule('a', '0 12 * * *', 'other') at time zone 'UTC'")
                == "2030-01-07T12:00:00")
    }

    @Test("two sessions that make the same schedule make one")
    func racedSet() async throws {
        let one = try await Session.open()
        let two = try await Session.open()
        try await one.run("begin; select agentcorp.set_schedule('a', '@daily', 'one')")
        async let raced: Void = two.run("select agentcorp.set_schedule('a', '@daily', 'two')")
        try await one.waitUntilBlocked(two)
        try await one.run("commit")
        try await raced
        #expect(try await one.rows("select kind from agentcorp.schedules") == ["two"])
    }

    @Test("run now enqueues a task and leaves the timetable as it is")
    func runNow() async throws {
        let sql = try await session(at: "2030-01-07 09:59")
        try await sql.run("select agentcorp.set_schedule('a', '@hourly', 'noop', '{\"x\": 1}', tags => '{t}')")
        try await sql.run("select agentcorp.pause_schedule('a')")
        let before = try await sql.rows("select s from agentcorp.schedule s")
        #expect(try await sql.int("select agentcorp.run_schedule('a')") == 1)
        #expect(try await sql.int("select agentcorp.run_schedule('a')") == 2)
        #expect(try await sql.rows("select s from agentcorp.schedule s") == before)
        #expect(try await sql.int("select count(*) from agentcorp.fires") == 0)
        #expect(
            try await sql.rows("select tags::text, state from agentcorp.tasks where id = 1") == ["{t,schedule:a}|ready"]
        )
    }

    @Test("the next moments begin with the one that is due, with local times")
    func next() async throws {
        let sql = try await session(at: "2030-03-30 09:59")
        try await sql.run("select agentcorp.set_schedule('a', '30 2 * * *', 'noop', time_zone => 'Europe/Berlin')")
        let expected = ["2030-03-31T01:00:00|2030-03-31T03:00:00", "2030-04-01T00:30:00|2030-04-01T02:30:00"]
        let query = "select fire_at at time zone 'UTC', local_time from agentcorp.next_fires('a', 2)"
        #expect(try await sql.rows(query) == expected)
        try await sql.setMoment("2030-03-31 01:00:20")
        #expect(try await sql.rows(query) == expected)
        try await sql.run("select agentcorp.pause_schedule('a')")
        #expect(try await sql.rows(query).first == expected[1])
        #expect(try await sql.int("select count(*) from agentcorp.next_fires('a')") == 10)
        try await sql.refuses("select agentcorp.next_fires('a', 100000)", "AC007", "n 100000")
    }

    @Test("a schedule that could never work is refused when it is set, and one that is not there is missed")
    func refusals() async throws {
        let sql = try await Session.open()
        func refuses(_ arguments: String, _ message: String, state: String = "AC007", hint: String = "") async throws {
            try await sql.refuses("select agentcorp.set_schedule(\(arguments))", state, message, hint: hint)
        }
        try await refuses(
            "'a', '@daily', 'noop', queue => 'defualt'", "unknown queue \"defualt\"", state: "AC006", hint: "default")
        try await refuses("'a', '@daily', 'noop', priority => 10", "priority")
        try await refuses("'a', '@daily', 'noop', max_attempts => 0", "max_attempts")
        try await refuses("'a', '@daily', 'noop', timeout => '0'", "timeout")
        try await refuses("'a', '@daily', 'noop', backoff => 'often'", "backoff")
        try await refuses("'a', '@daily', ''", "kind")
        try await refuses("'a', '@daily', null", "kind")
        try await refuses("'a', '@daily', 'noop', jitter => '-1 s'", "jitter")
        try await refuses("'a', '@daily', 'noop', jitter => '2 days'", "jitter")
        try await refuses("'a', '@daily', 'noop', catch_up => 'lastest'", "catch_up", hint: "did you mean \"latest\"?")
        try await refuses("'a', '@daily', 'noop', overlap => 'cancel'", "overlap", hint: "cancel_running")
        try await refuses("'a', '@daily', 'noop', overlap => null", "overlap")
        try await refuses("'a', '@daily', 'noop', tags => array[null]", "tag")
        try await refuses("'a', '@daily', 'noop', time_zone => null", "time zone")
        try await refuses("'a', null, 'noop'", "cron")
        for name in ["", "a b", "a:b", "-a", String(repeating: "a", count: 101), "a\\n"] {
            try await refuses("E'\(name)', '@daily', 'noop'", "schedule name")
        }
        try await refuses("null, '@daily', 'noop'", "schedule name")
        try await refuses(
            "'a', '@daily', 'noop', (select to_jsonb(string_agg(gen_random_uuid()::text, '')) from generate_series(1, 10000))",
            "args", state: "AC008")
        try await sql.run("select agentcorp.set_schedule('nightly', '@daily', 'noop')")
        for call in ["remove_schedule", "pause_schedule", "resume_schedule", "run_schedule", "next_fires"] {
            try await sql.refuses(
                "select agentcorp.\(call)('nightyl')", "AC001", "unknown schedule \"nightyl\"",
                hint: "did you mean \"nightly\"?")
        }
    }
}
