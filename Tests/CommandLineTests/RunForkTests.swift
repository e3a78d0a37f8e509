import JSON
import TestSupport
import Testing

/// `runs fork` and `runs diff`.
@Suite struct RunForkTests {
    private static let plan = """
        plan: rel
        input: { type: object, required: [tag], properties: { tag: { type: string } } }
        tasks:
          a: { kind: command, args: { argv: [echo, '"{{ input.tag }}"'] } }
          b: { kind: command, args: { argv: [echo, '{"n": 1}'] } }
          c: { needs: [a, b], kind: command, args: { argv: [echo, '"{{ a }} {{ b.n }}"'] } }
        output: c
        """

    @Test("a fork does again what changes; two runs are compared task by task", .migratedDatabase)
    func life() async throws {
        try await Scratch.use { scratch in
            _ = try await Agentcorp.run("plan", "load", try scratch.write("rel.yaml", Self.plan))
            try await withEngine {
                let first = try await Agentcorp.run("run", "rel", "--input", "tag=v1")
                #expect(first.output == "\"v1 1\"\n")

                let other = try await Agentcorp.run("runs", "fork", "1", "--input", "tag=v2", "--wait", "--raw")
                #expect(other.status == 0 && other.output == "v2 1\n", "\(other.errors)")
                let fork = try #require(other.errors.split(separator: "\n").first).dropFirst("run ".count)
                #expect(
                    try await TestDatabase.current.psql(
                        "select string_agg(name, ' ' order by name) from agentcorp.tasks where parent_id = \(fork)")
                        == "a c")
                let shown = try await Agentcorp.run("runs", "show", String(fork))
                #expect(shown.output.contains("shared with run 1: b (task "), "\(shown.output)")
                let given = try await Agentcorp.run("runs", "fork", "1", "--set", #"b={"n": 7}"#, "--wait")
                #expect(given.output == "\"v1 7\"\n")
                let same = try await Agentcorp.run("runs", "fork", "1")
                let copy = same.output.trimmingSuffix("\n")
                #expect(try await Agentcorp.run("tasks", "watch", copy).status == 0)

                let differs = try await Agentcorp.run("runs", "diff", "1", String(fork))
                #expect(differs.status == 1)
                for words in ["(the run)", "- \"v1 1\"", "+ \"v2 1\"", "- \"v1\""] {
                    #expect(differs.output.contains(words), "\(words): \(differs.output)")
                }
                #expect(!differs.output.contains("shared"))
                let all = try await Agentcorp.run("runs", "diff", "1", String(fork), "--all")
                #expect(all.output.split(separator: "\n").contains { $0.hasPrefix("b ") && $0.contains("shared") })
                let json = try JSONValue(
                    parsing: try await Agentcorp.run("runs", "diff", "1", String(fork), "--json").output)
                #expect(json.elements?.map { $0["path"] } == ["", "a", "b", "c"])
                #expect(json.elements?.map { $0["is_shared"] == true } == [false, false, true, false])
                let equal = try await Agentcorp.run("runs", "diff", "1", copy)
                #expect(equal.status == 0)
                #expect(equal.output.split(separator: "\n").count == 2, "\(equal.output)")
            }
            let task = try await TestDatabase.current.psql(
                "select id from agentcorp.tasks where root_id = 1 and name = 'c'")
            for (arguments, status, words) in [
                (["1", "--at", "nope"], 5, "there is no task \"nope\". There are: a, b, c."),
                (["1", "--at", ""], 2, "is empty"), (["1", "--at", "c@1"], 2, "no agent has worked there"),
                (["999"], 5, "unknown task 999"), (["one"], 2, "'one' is invalid"), ([], 2, "missing"),
                (["1", "--input", "tag"], 2, "it has the form name=value"),
                (["1", "--input", "tag=3"], 2, "input/tag: is integer, not string"),
                (["1", "--version", "9"], 5, "has no version 9"), (["1", "--agent", "x=y"], 5, "unknown agent \"y\""),
                (["1", "--set", "nope=1"], 5, "there is no task \"nope\""),
                (["1", "--message", "hi"], 2, "a message needs a turn to follow"),
                ([task], 2, "agentcorp runs fork 1 --at c"),
            ] {
                let result = try await Agentcorp.run(["runs", "fork"] + arguments)
                #expect(result.status == status, "\(arguments): \(result.errors)")
                #expect(result.errors.contains(words), "\(arguments): \(result.errors)")
                #expect(result.output.isEmpty)
            }
            #expect(try await Agentcorp.run("runs", "diff", "1", "999").status == 5)
            let part = try await Agentcorp.run("runs", "diff", "1", task)
            #expect(part.status == 2 && part.errors.contains("It is part of run 1"), "\(part.errors)")
            let again = try await Agentcorp.run("runs", "retry", "1")
            #expect(again.status == 6 && again.errors.contains("run 1 has completed"), "\(again.errors)")
            #expect(try await Agentcorp.run("runs", "diff", "1").errors.contains("missing"))
        }
    }
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
