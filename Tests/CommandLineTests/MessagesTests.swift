import JSON
import TestSupport
import Testing

/// `agentcorp messages`.
@Suite struct MessagesTests {
    @Test("somebody says something to the agents of a run, and sees what was said", .migratedDatabase)
    func life() async throws {
        try await Scratch.use { scratch in
            for name in ["coder", "tester"] {
                _ = try scratch.write("agents/\(name).yaml", "name: \(name)\nprovider: offline\nmodel: x\n")
            }
            #expect(try await Agentcorp.run("agents", "load", "\(scratch.path)/agents").status == 0)
            let tree = #"{"kind": "noop", "subtasks": [{"kind": "noop"}]}"#
            #expect(try await TestDatabase.current.psql("select agentcorp.enqueue_tree('\(tree)')") == "1")
            #expect(try await Agentcorp.run("messages", "1").errors.contains("no messages"))

            let first = try await Agentcorp.run(
                "messages", "send", "2", "coder", "The \u{1B}[31mdeadline\nhas moved.", "--from", "boss", "--topic",
                "time")
            #expect(first.status == 0 && first.output == "1\n", "\(first.errors)")
            #expect(try await Agentcorp.run("messages", "send", "1", "all", "Come to an end.").output == "2\n")
            // Of any task of the run.
            for task in ["1", "2"] {
                let list = try await Agentcorp.run("messages", task)
                let lines = list.output.split(separator: "\n")
                #expect(lines.count == 3)
                for words in ["boss", "coder", "time", "deadline"] { #expect(lines[1].contains(words), "\(lines)") }
                #expect(lines[2].contains("all") && lines[2].contains("Come to an end."))
                #expect(!list.output.contains("\u{1B}"))
            }
            let json = try JSONValue(
                parsing: try await Agentcorp.run("messages", "list", "1", "--json", "--limit", "1").output)
            #expect(json.elements?.map { $0["recipient"] } == ["coder"])

            let long = String(repeating: "x", count: 33_000)
            for (arguments, status, words) in [
                ([], 2, "<run>"), (["999"], 5, "unknown task 999"), (["one"], 2, "'one' is invalid"),
                (["1", "--limit", "0"], 2, "--limit"), (["sned", "1", "all", "x"], 2, "`agentcorp messages send`"),
                (["send", "1", "codr", "x"], 5, "Did you mean \"coder\"?"), (["send", "1", "coder"], 2, "<text>"),
                (["send", "999", "coder", "x"], 5, "unknown task 999"), (["send", "1", "coder", ""], 2, "message"),
                (["send", "1", "coder", long], 2, "32"), (["send", "1", "coder", "x", "--from", ""], 2, "sender"),
            ] {
                let result = try await Agentcorp.run(["messages"] + arguments)
                #expect(result.status == status, "\(arguments.map { $0.prefix(20) }): \(result.errors)")
                #expect(result.errors.contains(words), "\(arguments.map { $0.prefix(20) }): \(result.errors)")
                #expect(result.output.isEmpty)
            }
            _ = try await Agentcorp.run("tasks", "cancel", "1")
            let late = try await Agentcorp.run("messages", "send", "1", "all", "x")
            #expect(late.status == 6 && late.errors.contains("run 1 has ended"), "\(late.errors)")
        }
    }
}
