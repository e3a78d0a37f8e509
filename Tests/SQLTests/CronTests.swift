import TestSupport
import Testing

@Suite(.checkedDatabase)
struct CronTests {
    /// The moments of an expression after one, in UTC, as `day hour:minute`.
    private func fires(_ sql: Session, _ cron: String, _ zone: String, after: String, _ count: Int) async throws
        -> [String]
    {
        try await sql.rows(
            """
            select to_char(fire_at at time zone 'UTC', 'DD HH24:MI') from agentcorp.preview_schedule('\(cron)', '\(zone)', \(count), '\(after)')
            """)
    }

    @Test("an expression means the same as in every cron")
    func meaning() async throws {
        let sql = try await Session.open()
        let cases: [(String, String, [String])] = [
            ("*/15 * * * *", "2026-03-02 10:07", ["02 10:15", "02 10:30", "02 10:45", "02 11:00"]),
            ("5,40-50/5 22 * * *", "2026-03-02 10:07", ["02 22:05", "02 22:40", "02 22:45", "02 22:50", "03 22:05"]),
            ("0 9 * * MON-FRI", "2026-03-06 09:00", ["09 09:00", "10 09:00"]),
            ("0 9 * * 1-5/2", "2026-03-02 09:00", ["04 09:00", "06 09:00", "09 09:00"]),
            ("0 9 * * sat,7", "2026-03-02 09:00", ["07 09:00", "08 09:00", "14 09:00"]),
            ("0 9 * * FRI-SUN", "2026-03-02 09:00", ["06 09:00", "07 09:00", "08 09:00", "13 09:00"]),
            ("0 9 * * 5-7", "2026-03-02 09:00", ["06 09:00", "07 09:00", "08 09:00", "13 09:00"]),
            ("30 6 ? Jan,December *", "2026-01-30 06:30", ["31 06:30", "01 06:30", "02 06:30"]),
            // Day of month or day of week, when both are given; both, when one begins with a star.
            (
                "0 0 13 * FRI", "2026-03-01",
                ["06 00:00", "13 00:00", "20 00:00", "27 00:00", "03 00:00", "10 00:00", "13 00:00"]
            ),
            ("0 0 */2 * FRI", "2026-03-01", ["13 00:00", "27 00:00", "03 00:00"]),
            ("0 0 31 * *", "2026-01-31 00:00", ["31 00:00", "31 00:00", "31 00:00"]),
            ("0 0 29 2 *", "2026-01-31 00:00", ["29 00:00", "29 00:00"]),
            ("@hourly", "2026-03-02 10:00", ["02 11:00", "02 12:00"]),
            ("@daily", "2026-03-02 10:00", ["03 00:00"]), ("@Midnight", "2026-03-02 10:00", ["03 00:00"]),
            ("@weekly", "2026-03-02 10:00", ["08 00:00"]), ("@monthly", "2026-03-02 10:00", ["01 00:00"]),
            ("@yearly", "2026-03-02 10:00", ["01 00:00"]), ("@annually", "2026-03-02 10:00", ["01 00:00"]),
            ("  0   9  *  *  * ", "2026-03-02 10:00", ["03 09:00"]),
            ("every 15m", "2026-03-02 10:07", ["02 10:15", "02 10:30"]),
            ("@every 90 minutes", "2026-03-02 10:07", ["02 10:30", "02 12:00", "02 13:30"]),
            ("EVERY 7d", "2026-03-03 10:07", ["09 00:00", "16 00:00"]),
        ]
        for (cron, after, expected) in cases {
            #expect(try await fires(sql, cron, "UTC", after: "\(after)Z", expected.count) == expected, "\(cron)")
        }
    }

    @Test("intervals of seconds are exact, and do not depend on when anybody looked")
    func intervals() async throws {
        let sql = try await Session.open()
        for after in ["2026-03-02 10:07:00", "2026-03-02 10:07:29.999999"] {
            #expect(
                try await sql.value(
                    "select agentcorp.next_fire('every 90s', 'UTC', '\(after)Z') at time zone 'UTC'")
                    == "2026-03-02T10:07:30")
        }
        #expect(
            try await sql.value(
                "select agentcorp.next_fire('every 90s', 'UTC', '1999-12-31 23:59:59Z') at time zone 'UTC'")
                == "2000-01-01T00:00:00")
    }

    @Test("a time of day that the clocks leave out runs right after the gap; one that they show twice runs once")
    func byClock() async throws {
        let sql = try await Session.open()
        let cases: [(String, String, String, [String])] = [
            // Europe/Berlin: 29 March 2026, 02:00 becomes 03:00; 25 October, 03:00 becomes 02:00.
            ("30 2 * * *", "Europe/Berlin", "2026-03-28 00:00", ["28 01:30", "29 01:00", "30 00:30"]),
            (
                "0,15,30 2,3 * * *", "Europe/Berlin", "2026-03-28 12:00",
                ["29 01:00", "29 01:15", "29 01:30", "30 00:00"]
            ),
            ("30 2 * * *", "Europe/Berlin", "2026-10-24 00:00", ["24 00:30", "25 00:30", "26 01:30"]),
            ("@daily", "Europe/Berlin", "2026-03-28 12:00", ["28 23:00", "29 22:00"]),
            // America/New_York: 8 March, 02:00 becomes 03:00; 1 November, 02:00 becomes 01:00.
            ("30 2 * * *", "America/New_York", "2026-03-07 12:00", ["08 07:00", "09 06:30"]),
            ("30 1 * * *", "America/New_York", "2026-10-31 12:00", ["01 05:30", "02 06:30"]),
            // Australia/Lord_Howe: 4 October, 02:00 becomes 02:30; 5 April, 02:00 becomes 01:30.
            ("15 2 * * *", "Australia/Lord_Howe", "2026-10-02 20:00", ["03 15:30", "04 15:15"]),
            ("45 1 * * *", "Australia/Lord_Howe", "2026-04-03 20:00", ["04 14:45", "05 15:15"]),
            // America/Sao_Paulo, 4 November 2018: midnight becomes 01:00.
            ("0 0 * * *", "America/Sao_Paulo", "2018-11-03 12:00", ["04 03:00", "05 02:00"]),
            // Pacific/Apia had no 30 December 2011.
            ("0 8 * * *", "Pacific/Apia", "2011-12-29 12:00", ["29 18:00", "30 10:00", "30 18:00"]),
            ("0 8 * * *", "Asia/Kolkata", "2026-03-28 12:00", ["29 02:30", "30 02:30"]),
        ]
        for (cron, zone, after, expected) in cases {
            #expect(try await fires(sql, cron, zone, after: "\(after)Z", expected.count) == expected, "\(cron)")
        }
    }

    @Test("what has a star for the minute or the hour follows the clocks as they are")
    func byStar() async throws {
        let sql = try await Session.open()
        let cases: [(String, String, String, [String])] = [
            ("*/30 * * * *", "Europe/Berlin", "2026-03-29 00:00", ["29 00:30", "29 01:00", "29 01:30"]),
            ("*/30 * * * *", "Europe/Berlin", "2026-10-25 00:00", ["25 00:30", "25 01:00", "25 01:30", "25 02:00"]),
            ("*/30 2 * * *", "Europe/Berlin", "2026-03-28 12:00", ["30 00:00", "30 00:30"]),
            (
                "*/30 2 * * *", "Europe/Berlin", "2026-10-24 12:00",
                ["25 00:00", "25 00:30", "25 01:00", "25 01:30", "26 01:00"]
            ),
            ("15 * * * *", "America/New_York", "2026-11-01 04:20", ["01 05:15", "01 06:15", "01 07:15"]),
            ("@hourly", "Australia/Lord_Howe", "2026-10-03 14:30", ["03 16:00", "03 17:00"]),
            ("@hourly", "Australia/Lord_Howe", "2026-04-04 13:30", ["04 14:00", "04 15:30", "04 16:30"]),
            ("every 30m", "Europe/Berlin", "2026-10-25 00:00", ["25 00:30", "25 01:00", "25 01:30", "25 02:00"]),
        ]
        for (cron, zone, after, expected) in cases {
            #expect(try await fires(sql, cron, zone, after: "\(after)Z", expected.count) == expected, "\(cron)")
        }
    }

    @Test("what is wrong is named with its field and what to write instead")
    func refusals() async throws {
        let sql = try await Session.open()
        let cases: [(String, String, String)] = [
            ("61 * * * *", "field 1 (minute): 61 is not between 0 and 59", ""),
            ("* 24 * * *", "field 2 (hour): 24", ""), ("* * 0 * *", "field 3 (day of month): 0", ""),
            ("* * * 13 *", "field 4 (month): 13", ""), ("* * * * 8", "field 5 (day of week): 8", ""),
            ("* * * JANN *", "field 4 (month): \"JANN\"", "did you mean \"JAN\"?"),
            ("* * * * MOM", "field 5 (day of week): \"MOM\"", "did you mean \"MON\"?"),
            ("* * 15W * *", "field 3 (day of month): \"15W\"", ""), ("* * L * *", "field 3", ""),
            ("* * * * 5#3", "field 5 (day of week): \"5#3\"", "#"),
            ("* 22-2 * * *", "field 2 (hour): the range \"22-2\" runs backwards", "22-23,0-2"),
            ("5/15 * * * *", "field 1 (minute): \"5/15\" is a step without a range", "5-59/15"),
            ("*/0 * * * *", "field 1 (minute): the step", ""), ("*/90 * * * *", "the step", "every 90m"),
            ("1,,2 * * * *", "field 1 (minute): an element of the list is empty", ""),
            ("? * * * *", "field 1 (minute)", ""), ("-1 * * * *", "field 1", ""),
            ("99999999999999999999 * * * *", "field 1", ""), ("*/99999999999999999999 * * * *", "field 1", ""),
            ("0 0 30 2 *", "field 3 (day of month): no month that field 4 (month) names has a day 30", "never"),
            ("0 0 31 4,6,9,11 *", "has a day 31", ""),
            ("* * * *", "has 4 fields, not 5", "minute, hour"), ("0 * * * * *", "has 6 fields", "every 30s"),
            ("", "empty", "five fields"), ("   ", "empty", ""),
            ("@dayly", "\"@dayly\" is not understood", "did you mean \"@daily\"?"), ("@reboot", "@reboot", "@hourly"),
            ("CRON_TZ=Europe/Berlin 0 3 * * *", "time zone", "time_zone => ''Europe/Berlin''"),
            ("every", "has 1 fields", ""), ("every x", "\"every x\" is not an interval", "every 15m"),
            ("every 1 month", "months have no fixed length", "@monthly"), ("every 0s", "from one second", ""),
            ("every 1500ms", "whole seconds", ""), ("every -1h", "from one second", ""),
            ("every 20 years", "months", ""),
            ("* * * * *; drop table agentcorp.fire", "has 8 fields", ""), ("é * * * *", "field 1", ""),
        ]
        for (cron, message, hint) in cases {
            let quoted = cron.replacing("'", with: "''")
            try await sql.refuses(
                "select agentcorp.next_fire('\(quoted)')", "AC007", message, hint: hint.replacing("''", with: "'"))
            try await sql.refuses("select agentcorp.set_schedule('s', '\(quoted)', 'noop')", "AC007", message)
        }
    }

    @Test("a time zone is one that the server has a name for")
    func zones() async throws {
        let sql = try await Session.open()
        for (zone, hint) in [
            ("Berlin", "did you mean \"Europe/Berlin\"?"), ("New York", "did you mean \"America/New_York\"?"),
            ("Europe/Berln", "did you mean \"Europe/Berlin\"?"), ("UTC+2", ""), ("", ""), ("../../etc/passwd", ""),
        ] {
            try await sql.refuses(
                "select agentcorp.next_fire('@daily', '\(zone)')", "AC007", "unknown time zone \"\(zone)\"", hint: hint)
        }
        try await sql.run("select agentcorp.set_schedule('s', '@daily', 'noop', time_zone => 'europe/berlin')")
        #expect(try await sql.value("select time_zone from agentcorp.schedules") == "Europe/Berlin")
        try await sql.refuses("select agentcorp.next_fire('@daily', after => 'infinity')", "AC007", "after")
    }

    @Test("the rarest expression is found at once")
    func rare() async throws {
        let sql = try await Session.open()
        try await sql.run("set statement_timeout = '1 s'")
        // 29 February at a weekend; 2100 has none.
        for (after, expected) in [("2026-01-01", "2032-02-29"), ("2088-03-01", "2116-02-29")] {
            #expect(
                try await sql.value("select agentcorp.next_fire('0 0 29 2 */6', 'UTC', '\(after)')::date") == expected,
                "after \(after)")
        }
    }
}
