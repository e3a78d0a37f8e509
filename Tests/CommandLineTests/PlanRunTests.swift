import FoundationEssentials
import JSON
import TestSupport
import Testing

@Suite struct PlanRunTests {
    private static func flaky(_ file: String) -> String {
        """
        plan: release
        input: {type: object, required: [tag], properties: {tag: {type: string}, n: {type: integer}}}
        tasks:
          test: {kind: command, args: {argv: [sh, -c, "echo '{\\"passed\\": 12}'"]}}
          build: {needs: [test], when: test.passed > 10, kind: command, retry: {max: 0}, args: {argv: [cat, \(file)]}}
          publish: {needs: [build], kind: command, args: {argv: [echo, "\\"{{ input.tag }} {{ build }}\\""]}}
        output: publish
        """
    }

    @Test("a plan runs where no worker is; what fails is explained and goes on after a retry", .migratedDatabase)
    func life() async throws {
        try await Scratch.use { scratch in
            let plan = try scratch.write("release.yaml", Self.flaky("\(scratch.path)/built"))
            let failed = try await Agentcorp.run("run", plan, "--input", "tag=v2", "--watch")
            #expect(failed.status == 1)
            #expect(failed.output.isEmpty)
            for words in [
                "no worker for plans on queue default", "test: completed", "run 1 failed", "agentcorp tasks why 1",
            ] {
                #expect(failed.errors.contains(words), "\(words): \(failed.errors)")
            }

            let publish = try await TestDatabase.current.psql("select id from agentcorp.task where name = 'publish'")
            let why = try await Agentcorp.run("tasks", "why", publish)
            for words in [
                "publish (command) was cancelled", "  task", "build (command) failed",
                "test.passed > 10  is  true  where test.passed = 12",
            ] {
                #expect(why.output.contains(words), "\(words): \(why.output)")
            }
            let lines = try JSONValue(parsing: try await Agentcorp.run("tasks", "why", publish, "--json").output)
            #expect(lines[0]?["what"] == "cancelled")
            #expect(try await Agentcorp.run("tasks", "why", "999").status == 5)

            let shown = try await Agentcorp.run("runs", "show", "1")
            for words in ["= {\"passed\": 12}", "publish  cancelled", "2 failed, 1 completed, 1 cancelled"] {
                #expect(shown.output.contains(words), "\(words): \(shown.output)")
            }
            let nodes = try JSONValue(parsing: try await Agentcorp.run("runs", "show", "1", "--json").output)
            #expect(nodes[1]?["name"] == "build" || nodes[1]?["name"] == "test")

            _ = try scratch.write("built", "\"is built\"")
            let retried = try await Agentcorp.run("runs", "retry", "1")
            #expect(retried.output == "retrying run 1: 3 tasks\n")
            #expect(retried.errors.contains("no live worker handles kind \"plan\" on queue \""))
            let listed = try await Agentcorp.run("runs", "list", "--plan", "release", "--json")
            #expect(try JSONValue(parsing: listed.output)[0]?["state"] == "running")
            try await withEngine {
                let watched = try await Agentcorp.run("runs", "watch", "1")
                #expect(watched.status == 0, "\(watched.errors)")
                #expect(try await Agentcorp.run("tasks", "output", "1").output == "\"v2 is built\"\n")
                let providers = try scratch.write("providers.json", #"{"providers": {}}"#)
                let unheeded = try await Agentcorp.run("run", "release", "--input", "tag=v3", "--providers", providers)
                #expect(unheeded.status == 2)
                #expect(unheeded.errors.contains("knows nothing of your --providers"), "\(unheeded.errors)")
                // By its name, on a terminal.
                let again = try await Agentcorp.runOnTerminal("run release --input tag=v3 --raw")
                #expect(again.status == 0)
                #expect(again.output.contains("├─ build"))
                #expect(again.output.contains("4 of 4 done: 4 completed"))
                #expect(again.output.hasSuffix("v3 is built\r\n"))
            }
        }
    }

    @Test("the queue of a run that is worked on here is made before the run stands in it", .migratedDatabase)
    func newQueue() async throws {
        try await Scratch.use { scratch in
            let plan = try scratch.write("q.yaml", "plan: q\ntasks: { a: { kind: noop } }\noutput: 1 + 1")
            let result = try await Agentcorp.run("run", plan, "--queue", "fresh")
            #expect(result.status == 0 && result.output == "2\n", "\(result.errors)")
        }
    }

    @Test("plans are loaded all or none; their inputs are checked before anything is written", .migratedDatabase)
    func loading() async throws {
        try await Scratch.use { scratch in
            let good = try scratch.write("release.yaml", Self.flaky("/dev/null"))
            let bad = try scratch.write(
                "bad.json",
                #"{"plan": "bad", "tasks": {"a": {"agent": "nobody", "prompt": "x"}, "b": {"needs": ["c"], "kind": "noop"}}}"#
            )
            let refused = try await Agentcorp.run("plan", "load", good, bad)
            #expect(refused.status == 2)
            #expect(refused.errors.contains("nobody") && refused.errors.contains("bad.json"), "\(refused.errors)")
            #expect(refused.errors.split(separator: "\n").count >= 2)
            #expect(try await Agentcorp.run("plan", "list", "--json").output == "[]\n")

            let loaded = try await Agentcorp.run("plan", "load", good, "--json")
            #expect(loaded.output.contains(#""change":"new","name":"release","version":1"#))
            #expect(try await Agentcorp.run("plan", "load", good).output.contains("unchanged"))
            let wrong = try await Agentcorp.run("run", "release", "--input", "tag=3", "--input", "n=many")
            #expect(wrong.status == 2)
            #expect(wrong.errors.contains("input/n") && wrong.errors.contains("input/tag"), "\(wrong.errors)")
            #expect(try await Agentcorp.run("run", "relase").status == 5)
            let id = try await Agentcorp.run(
                "run", "release", "--input", #"{"tag": "x"}"#, "--input", "n=4", "--detach")
            #expect(
                try await TestDatabase.current.psql(
                    "select args -> 'input' from agentcorp.task where id = \(id.output)") == #"{"n": 4, "tag": "x"}"#)
            #expect(try await Agentcorp.run("runs", "cancel", "1").output == "cancelled run 1: 1 task\n")
            #expect(try await Agentcorp.run("plan", "remove", "release").output == "removed plan release\n")
            #expect(try await Agentcorp.run("run", "release").errors.contains("was removed"))
            #expect(try await Agentcorp.run("plan", "versions", "release", "--json").output.contains(#""version":1"#))
        }
    }
}

extension JSONValue {
    fileprivate subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }
}
