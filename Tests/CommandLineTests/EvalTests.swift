import JSON
import TestSupport
import Testing

/// `agentcorp eval`.
@Suite struct EvalTests {
    private static func plan(_ word: String) -> String {
        """
        plan: echo
        input: { type: object, required: [text] }
        tasks:
          say: { kind: command, args: { argv: [echo, '"{{ input.text }}\(word)"'] } }
        output: say
        """
    }

    private static let set = """
        {"input": {"text": "a"}, "expected": "a", "id": "first"}

        {"input": {"text": "b"}, "expected": "b!", "tags": ["loud"]}

        """

    @Test("a plan is run over a set, scored, shown, and compared with its next version", .migratedDatabase)
    func life() async throws {
        try await Scratch.use { scratch in
            let set = try scratch.write("set.jsonl", Self.set)
            _ = try await Agentcorp.run("plan", "load", try scratch.write("echo.yaml", Self.plan("")))
            #expect(try await Agentcorp.run("eval", "list").errors.contains("no evaluations"))
            try await withEngine {
                let first = try await Agentcorp.run("eval", set, "--plan", "echo", "--name", "v1")
                #expect(first.status == 1, "\(first.errors)")
                for words in ["v1  evaluation 1, plan echo@1", "1 of 2 examples passed", "exact   0.50", "first", "no"]
                {
                    #expect(first.output.contains(words), "\(words): \(first.output)")
                }
                _ = try await Agentcorp.run("plan", "load", try scratch.write("echo.yaml", Self.plan("!")))
                let second = try await Agentcorp.run(
                    "eval", "-", "--plan", "echo@2", "--name", "v2", "--scorer", "exact", "--scorer", "contains",
                    "--json", input: Self.set)
                #expect(second.status == 1)
                let results = try JSONValue(parsing: second.output).elements ?? []
                #expect(results.map { $0["passed"] } == [false, true], "\(second.output)")
                #expect(results[0]["scores"]?["contains"]?["score"] == 1)
                // Only what can pass: the exit code says so.
                let good = try await Agentcorp.run(
                    "eval", set, "--plan", "echo", "--scorer", "expression=len(output) > 0", "--name", "v3")
                #expect(good.status == 0, "\(good.output)\(good.errors)")
                let again = try await Agentcorp.run("eval", set, "--plan", "echo@1", "--name", "v1", "--resume")
                #expect(again.output == first.output)
            }
            let list = try JSONValue(parsing: try await Agentcorp.run("eval", "list", "--json").output)
            #expect(list.elements?.map { $0["name"] } == ["v3", "v2", "v1"])
            #expect(try await Agentcorp.run("eval", "list").output.contains("echo@2"))
            #expect(try await Agentcorp.run("eval", "show", "v2").output.contains("contains"))
            let compared = try await Agentcorp.run("eval", "compare", "v1", "v2")
            #expect(compared.status == 0)
            for words in ["exact", "first  exact 1.00 > 0.00", "- \"a\"", "+ \"a!\""] {
                #expect(compared.output.contains(words), "\(words): \(compared.output)")
            }
            #expect(try await Agentcorp.run("eval", "remove", "v3").output == "removed v3\n")
            for arguments in [["show", "v3"], ["remove", "v3"], ["compare", "v1", "v3"]] {
                let result = try await Agentcorp.run(["eval"] + arguments)
                #expect(result.status == 5)
                #expect(result.errors.contains("unknown evaluation \"v3\". Did you mean \"v"), "\(result.errors)")
            }
        }
    }

    @Test("what cannot be evaluated is refused with its place, before anything runs", .migratedDatabase)
    func refused() async throws {
        try await Scratch.use { scratch in
            let set = try scratch.write("set.jsonl", Self.set)
            _ = try await Agentcorp.run("plan", "load", try scratch.write("echo.yaml", Self.plan("")))
            let bad = try scratch.write("bad.jsonl", "{\"input\": {\"text\": \"a\"}}\n\n{\"input\": \n")
            let twice = try scratch.write("twice.jsonl", Self.set + Self.set)
            let wrong = try scratch.write("wrong.jsonl", #"{"input": {"txt": 1}}"#)
            for (arguments, status, words) in [
                ([set], 2, "--plan"), ([set, "--plan", ""], 2, "name a plan"),
                ([set, "--plan", "@2"], 2, "name a plan"),
                ([set, "--plan", "echo@x"], 2, "the number of a version"), ([set, "--plan", "echo@9"], 5, "version 9"),
                ([set, "--plan", "ehco"], 5, "unknown plan \"ehco\""),
                (["/no/set", "--plan", "echo"], 2, "No such file"),
                (["/dev/null", "--plan", "echo"], 2, "/dev/null has no examples"),
                ([bad, "--plan", "echo"], 2, "bad.jsonl, line 3, column 11: "),
                ([twice, "--plan", "echo"], 2, "two examples have the id \"first\""),
                ([wrong, "--plan", "echo"], 2, "text"), ([set, "--plan", "echo", "--parallel", "0"], 2, "1 to 1000"),
                ([set, "--plan", "echo", "--parallel", "x"], 2, "'x' is invalid for '--parallel"),
                ([set, "--plan", "echo", "--scorer", "exct"], 2, "unknown scorer \"exct\""),
                ([set, "--plan", "echo", "--scorer", "regex=("], 2, "missing closing parenthesis"),
                ([set, "--plan", "echo", "--scorer", "schema"], 2, "schema=FILE"),
                ([set, "--plan", "echo", "--scorer", "expression=output >"], 2, "a value is missing"),
                ([set, "--plan", "echo", "--scorer", "numeric=x"], 2, "no number"),
                ([set, "--plan", "echo", "--scorer", "{"], 2, "--scorer is not valid JSON: line 1, column 2"),
                ([set, "--plan", "echo", "--scorer", "judge=nobody"], 5, "unknown agent \"nobody\""),
                (["lsit"], 2, "Did you mean `agentcorp eval list`?"), (["list", "--limit", "0"], 2, "--limit"),
            ] {
                let result = try await Agentcorp.run(["eval"] + arguments)
                #expect(result.status == status, "\(arguments): \(result.errors)")
                #expect(result.errors.contains(words), "\(arguments): \(result.errors)")
                #expect(result.output.isEmpty)
            }
            #expect(try await TestDatabase.current.psql("select count(*) from agentcorp.task") == "0")
        }
    }
}
