import TestSupport
import Testing

@Suite struct HooksTests {
    @Test("hooks are added, changed, listed, paused, resumed and removed", .migratedDatabase)
    func life() async throws {
        #expect(try await Agentcorp.run("hooks").errors.contains("no hooks"))
        let made = try await Agentcorp.run(
            "hooks", "add", "alarm", "failed", "cancelled", "--kind", "agent", "--kind", "tool", "--plan", "incident",
            "--name", "triage", "--enqueue", "page")
        #expect(made.status == 0)
        #expect(made.errors.contains("no live worker handles kind \"page\""), "\(made.errors)")
        #expect(
            try await TestDatabase.current.psql("select events, filter, action from agentcorp.hooks")
                == #"{failed,cancelled}|{"kind": ["agent", "tool"], "name": ["triage"], "plan": ["incident"]}|{"enqueue": {"kind": "page"}}"#
        )
        #expect(try await Agentcorp.run("hooks", "add", "feed", "completed", "--emit", "feed.tasks").status == 0)
        let list = try await Agentcorp.run("hooks").output.split(separator: "\n")
        #expect(list.count == 3)
        for words in ["alarm", "active", "failed,cancelled", "kind=agent,tool", "plan=incident", "enqueue page"] {
            #expect(list[1].contains(words), "\(words): \(list[1])")
        }
        #expect(list[2].contains("all tasks") && list[2].contains("emit feed.tasks"))

        #expect(try await Agentcorp.run("hooks", "pause", "feed", "alarm").status == 0)
        #expect(try await Agentcorp.run("hooks", "--json").output.ranges(of: #""paused_at":"2"#).count == 2)
        #expect(try await Agentcorp.run("hooks", "resume", "feed").status == 0)
        #expect(try await Agentcorp.run("hooks").output.ranges(of: "paused").count == 1)
        let changed = try await Agentcorp.run(
            "hooks", "add", "feed", "created", "--enqueue", "-",
            input: #"{"kind": "noop", "args": {"a": 1}, "priority": 9}"#)
        #expect(changed.status == 0)
        #expect(
            try await TestDatabase.current.psql("select events, action from agentcorp.hooks where name = 'feed'")
                == #"{created}|{"enqueue": {"args": {"a": 1}, "kind": "noop", "priority": 9}}"#)
        #expect(try await Agentcorp.run("hooks", "remove", "feed", "alarm").status == 0)
        #expect(try await Agentcorp.run("hooks", "list", "--json").output == "[]\n")
    }

    @Test("a hook emits what becomes of tasks, without a word about it where they run", .migratedDatabase)
    func told() async throws {
        _ = try await Agentcorp.run(
            "hooks", "add", "feed", "completed", "failed", "--kind", "command", "--emit", "feed")
        try await withEngine {
            for program in ["true", "false"] {
                _ = try await Agentcorp.run(
                    "enqueue", "command", "--args", "{\"argv\": [\"\(program)\"]}", "--max-attempts", "1", "--wait")
            }
            try await waitUntil("both events") {
                try await TestDatabase.current.psql(
                    "select string_agg(data ->> 'event', ' ' order by (data ->> 'task')::int) from agentcorp.events where topic = 'feed'"
                )
                    == "completed failed"
            }
        }
    }

    @Test(
        "what is no hook is refused with advice", .migratedDatabase,
        arguments: [
            (["add", "h", "faild", "--emit", "t"], 2, "failed"), (["add", "h", "--emit", "t"], 2, "event"),
            (["add", "h", "failed"], 2, "--emit TOPIC or --enqueue TASK"),
            (["add", "h", "failed", "--emit", "t", "--enqueue", "noop"], 2, "one of them"),
            (["add", "h", "failed", "--emit", "no topic"], 2, "topic"),
            (["add", "h", "failed", "--enqueue", "{"], 2, "--enqueue"),
            (["add", "h", "failed", "--enqueue", ""], 2, "kind"),
            (["add", "h", "failed", "--enqueue", #"{"kind": "noop", "argz": {}}"#], 2, "args"),
            (["add", "h", "failed", "--enqueue", "@/no/such/file"], 2, "/no/such/file"),
            (["add", "", "failed", "--emit", "t"], 2, "1 to 200"),
            (["pause", "alram"], 5, "Did you mean \"alarm\"?"), (["resume", "alram"], 5, "alarm"),
            (["remove", "alarm", "alram"], 5, "alram"), (["remove"], 2, "name"),
        ])
    func refused(_ arguments: [String], _ status: Int32, _ word: String) async throws {
        _ = try await Agentcorp.run("hooks", "add", "alarm", "failed", "--emit", "t")
        let result = try await Agentcorp.run(["hooks"] + arguments)
        #expect(result.status == status, "\(arguments): \(result.errors)")
        #expect(result.errors.contains(word), "\(arguments): \(result.errors)")
        #expect(result.output.isEmpty)
    }
}
