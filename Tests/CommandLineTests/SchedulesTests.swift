import TestSupport
import Testing

@Suite
struct SchedulesTests {
    private func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }

    @Test("a schedule is set, listed, paused, resumed, run and removed", .migratedDatabase)
    func life() async throws {
        let set = try await Agentcorp.run(
            "schedules", "set", "backup", "30 2 * * *", "command", "--args", #"{"argv": ["backup"]}"#, "--time-zone",
            "Europe/Berlin", "--overlap", "cancel_running", "--catch-up", "latest", "--jitter", "5m", "--description",
            "all of it")
        #expect(set.status == 0)
        #expect(set.output.hasPrefix("backup fires next at 2"))
        #expect(set.errors.contains("no live worker handles kind \"command\""))
        let list = try await Agentcorp.run("schedules")
        #expect(lines(list.output)[0].hasPrefix("SCHEDULE  STATE   CRON        ZONE           KIND     NEXT"))
        #expect(lines(list.output)[1].hasPrefix("backup    active  30 2 * * *  Europe/Berlin  command  in "))
        #expect(lines(list.output)[1].hasSuffix("all of it"))
        let json = try await Agentcorp.run("schedules", "list", "--json")
        #expect(json.errors.isEmpty)
        for part in [#""overlap":"cancel_running""#, #""catch_up":"latest""#, #""jitter_seconds":300"#] {
            #expect(json.output.contains(part))
        }
        let next = try await Agentcorp.run("schedules", "next", "backup", "--limit", "2")
        #expect(lines(next.output).count == 3)
        #expect(lines(next.output)[1].contains(" 02:30:00"))

        #expect(try await Agentcorp.run("schedules", "pause", "backup").status == 0)
        #expect(try await Agentcorp.run("schedules").output.contains("paused"))
        #expect(try await Agentcorp.run("schedules", "resume", "backup").output.hasPrefix("backup fires next at"))
        #expect(try await Agentcorp.run("schedules", "run", "backup").output == "1\n")
        #expect(try await Agentcorp.run("tasks", "list", "--tag", "schedule:backup").output.contains("backup"))
        #expect(try await Agentcorp.run("schedules", "remove", "backup").status == 0)
        let empty = try await Agentcorp.run("schedules")
        #expect(empty.status == 0 && empty.output.isEmpty && empty.errors == "no schedules\n")
    }

    @Test("what cannot be is said in one message, with the exit code for it", .migratedDatabase)
    func errors() async throws {
        for (arguments, status, message) in [
            (["set", "a", "61 * * * *", "noop"], 2, "error: cron: field 1 (minute): 61 is not between 0 and 59."),
            (["set", "a", "@daily", "noop", "--time-zone", "Berlin"], 2, "Did you mean \"Europe/Berlin\"?"),
            (["set", "a", "@daily", "noop", "--queue", "nope"], 5, "unknown queue \"nope\""),
            (["set", "a", "@daily", "noop", "--overlap", "no"], 2, "'skip', 'queue' or 'cancel_running'"),
            (["set", "a", "@daily", "noop", "--args", "{"], 2, "--args"),
            (["next", "--cron", "0 0 30 2 *"], 2, "never comes"), (["next"], 2, "ame a schedule, or give --cron."),
            (["next", "a", "--cron", "@daily"], 2, "ame a schedule, or give --cron."),
            (["next", "a", "--limit", "0"], 2, "--limit is 1 to 1000"), (["remove", "a"], 5, "unknown schedule \"a\""),
            (["run", "a"], 5, "unknown schedule \"a\""), (["pause", "a"], 5, "unknown schedule"),
        ] {
            let result = try await Agentcorp.run(["schedules"] + arguments)
            #expect(result.status == Int32(status), "\(arguments)")
            #expect(result.errors.contains(message), "\(result.errors)")
            #expect(result.output.isEmpty)
        }
    }

    @Test("a command learns for which moment it runs, and run --wait prints what it returned", .migratedDatabase)
    func moment() async throws {
        try await withEngine {
            let script = #"{"argv": ["sh", "-c", "echo $AGENTCORP_SCHEDULE at $AGENTCORP_FIRE_AT"]}"#
            _ = try await Agentcorp.run("schedules", "set", "tick", "every 1s", "command", "--args", script)
            try await waitUntil("it to run") {
                try await TestDatabase.current.psql(
                    """
                    select count(*) from agentcorp.fires f join agentcorp.tasks t on t.id = f.task_id and t.state = 'completed'
                    where t.output = to_jsonb('tick at ' || to_char(f.fire_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
                    """) != "0"
            }
            let run = try await Agentcorp.run("schedules", "run", "tick", "--wait")
            #expect(run.output == "\"at\"\n")
        }
    }
}
