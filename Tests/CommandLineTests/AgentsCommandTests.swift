import FoundationEssentials
import TestSupport
import Testing

@Suite struct AgentsCommandTests {
    private static let examples =
        URL(filePath: #filePath).deletingLastPathComponent().path + "/../../examples/agents"

    private func lines(_ text: String) -> [String] {
        text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    }

    @Test("check needs no database, and tells what is fine and all that is not")
    func check() async throws {
        let fine = try await Agentcorp.runAlone("agents", "check", Self.examples)
        #expect(fine.status == 0, "\(fine.errors)")
        #expect(lines(fine.output).count == 4)
        try await Scratch.use { scratch in
            _ = try scratch.write("agents/a.json", #"{"model": "offline/m", "tols": []}"#)
            _ = try scratch.write("agents/b.yaml", "model: offline/m\ntools: [filesys.red_file, crm.find]\n")
            _ = try scratch.write("agents/c.json", #"{"model": "offline/m"}"#)
            let result = try await Agentcorp.runAlone("agents", "check", scratch.path)
            #expect(result.status == 2)
            #expect(result.output == "\(scratch.path)/agents/c.json: c, offline/m\n")
            let errors = lines(result.errors)
            #expect(errors.count == 3)
            #expect(
                errors[0]
                    == "error: \(scratch.path)/agents/a.json /tols: unknown field \"tols\". Did you mean \"tools\"?")
            #expect(
                errors[1].contains(
                    "b.yaml /tools/0: unknown tool \"filesys.red_file\". Did you mean \"filesys.read_file\"?"))
            #expect(errors[2].contains("/tools/1: unknown tool \"crm.find\""))
            let json = try await Agentcorp.runAlone(
                "agents", "check", scratch.path, "--json", "--tool", "crm.find", "--tool", "filesys.red_file")
            #expect(json.status == 2)
            #expect(lines(json.output).count == 3)
            #expect(json.output.contains(#""pointer":"/tols""#))
            let single = try await Agentcorp.runAlone("agents", "check", scratch.path + "/agents/c.json", "--json")
            #expect(single.status == 0 && single.output == "[]\n")
            let missing = try await Agentcorp.runAlone("agents", "check", scratch.path + "/none")
            #expect(missing.status == 2 && missing.errors.contains("there is no such folder"))
        }
    }

    @Test("a folder is loaded, listed, shown, changed, compared and removed", .migratedDatabase)
    func life() async throws {
        let dry = try await Agentcorp.run("agents", "load", Self.examples, "--dry-run")
        #expect(dry.status == 0, "\(dry.errors)")
        let loaded = [
            "AGENT VERSION CHANGE", "coder 1 new", "researcher 1 new", "reviewer 1 new", "writer 1 new",
        ]
        #expect(lines(dry.output) == loaded)
        let empty = try await Agentcorp.run("agents")
        #expect(empty.output.isEmpty && empty.errors.contains("agents load"))
        #expect(lines(try await Agentcorp.run("agents", "load", Self.examples).output) == loaded)
        let again = try await Agentcorp.run("agents", "load", Self.examples, "--json")
        #expect(again.output.contains(#"{"change":"unchanged","name":"coder","version":1}"#), "\(again.output)")

        let list = try await Agentcorp.run("agents", "list")
        #expect(lines(list.output).contains { $0.hasPrefix("coder 1 coder swift, sql, shell offline/code 8 0 of 1") })
        let json = try await Agentcorp.run("agents", "list", "--json")
        #expect(json.output.contains(#""max_concurrency":1"#) && json.output.contains(#""provider":"offline""#))

        let card = try await Agentcorp.run("agents", "show", "researcher")
        #expect(card.output.contains("You find out what is known, for engineers."))
        #expect(card.output.contains("model     offline/research"))
        #expect(card.output.contains("reads run, agent, user, global; writes run, agent"))

        try await Scratch.use { scratch in
            let file = try scratch.write(
                "writer.yaml",
                "model: [offline/write, offline/other]\nrole: writer\nsystem_prompt: |\n  You write.\n  Well.\n")
            #expect(lines(try await Agentcorp.run("agents", "load", file).output)[1] == "writer 2 changed")
            let diff = try await Agentcorp.run("agents", "diff", "writer")
            #expect(diff.output.contains("/model\n    offline/write\n  + offline/other\n"), "\(diff.output)")
            #expect(diff.output.contains("  + You write.\n") && diff.output.contains("/temperature\n  - 0.4\n"))
            #expect(try await Agentcorp.run("agents", "diff", "writer", "2", "2").errors == "no difference\n")
        }
        let old = try await Agentcorp.run("agents", "show", "writer", "--version", "1", "--json")
        #expect(old.output.contains(#""is_current":false"#) && old.output.contains("Lead with the answer"))

        #expect(try await Agentcorp.run("agents", "pick", "--role", "coder", "--skill", "sql").output == "coder\n")
        #expect(
            try await Agentcorp.run("agents", "pick", "--skill", "prose", "--by", "cheapest").output == "reviewer\n")
        #expect(try await Agentcorp.run("agents", "remove", "writer").status == 0)
        for (arguments, status, message) in [
            (["show", "writer"], 5, "was removed"), (["show", "codr"], 5, "Did you mean \"coder\"?"),
            (["show", "coder", "--version", "7"], 5, "no version 7"), (["diff", "coder"], 0, "no earlier version"),
            (["diff", "nobody"], 5, "unknown agent"), (["remove", "nobody"], 5, "unknown agent"),
            (["pick", "--role", "codr"], 5, "Roles: coder, researcher, reviewer"), (["pick"], 2, "Name a role"),
            (["pick", "--role", "coder", "--by", "best"], 2, "least_busy"),
        ] as [([String], Int32, String)] {
            let result = try await Agentcorp.run(["agents"] + arguments)
            #expect(result.status == status, "\(arguments)")
            #expect(result.errors.contains(message), "\(arguments): \(result.errors)")
            #expect(result.output.isEmpty)
        }
    }

    @Test("a folder with a mistake changes nothing", .migratedDatabase)
    func allOrNone() async throws {
        try await Scratch.use { scratch in
            _ = try scratch.write("a.json", #"{"model": "offline/m"}"#)
            _ = try scratch.write("b.json", #"{"model": "offline/m", "api_key": "hunter2hunter2hunter2"}"#)
            let result = try await Agentcorp.run("agents", "load", scratch.path)
            #expect(result.status == 2 && result.output.isEmpty)
            #expect(result.errors.contains("/api_key") && !result.errors.contains("hunter2"))
            #expect(try await TestDatabase.current.psql("select count(*) from agentcorp.agent") == "0")
        }
    }
}
