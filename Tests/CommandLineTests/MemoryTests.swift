import Glibc
import TestSupport
import Testing

@Suite struct MemoryTests {
    @Test("a memory is written, read, searched and told, and refuses with advice", .checkedDatabase)
    func memory() async throws {
        let task = try await TestDatabase.current.psql("select agentcorp.enqueue('a')")
        let run = ["--scope", "run", "--owner", task]
        func memory(_ words: String..., input: String = "") async throws -> TestProcess.Result {
            try await Agentcorp.run(["memory"] + words + run, input: input)
        }
        #expect(try await memory("set", "plan", #"{"next": "read"}"#).output == "1\n")
        #expect(try await memory("set", "plan", "-", "--expect", "1", input: #""write""#).output == "2\n")
        let late = try await memory("set", "plan", "1", "--expect", "1")
        #expect(late.status == 6)
        #expect(late.errors.contains("version 2 now"))
        #expect(try await memory("get", "plan").output == "\"write\"\n")
        #expect(try await memory("get", "plan", "--json").output.contains(#""version":2"#))
        #expect(
            try await memory("append", "notes", #""\u001b[31m the door""#, "--json").output.contains(#""written":true"#)
        )
        let list = try await memory("list")
        #expect(list.output.contains("append") && list.output.contains("plan") && !list.output.contains("\u{1B}"))
        #expect(try await memory("search", "door").output.contains("notes"))
        #expect(try await memory("history", "plan").output.split(separator: "\n").count == 3)
        #expect(try await memory("declare", "visits", "counter").status == 0)
        #expect(try await memory("set", "visits", "2").output == "1\n")
        #expect(try await memory("delete", "visits").status == 0)
        #expect(try await memory("get", "visits").status == 5)
        #expect(try await memory("delete", "visits").status == 6)
        for (words, word) in [
            (["set", "plan", "{"], "the value"), (["list", "--limit", "0"], "limit"),
            (["set", "notes", "1", "--merge", "max"], "rule append"),
            (["declare", "x", "sum"], "sum"),
        ] {
            let result = try await Agentcorp.run(["memory"] + words + run)
            #expect(result.status == 2 || result.status == 6, "\(words)")
            #expect(result.errors.contains(word), "\(words): \(result.errors)")
        }
        let ownerless = try await Agentcorp.run("memory", "list", "--scope", "agent")
        #expect(ownerless.status == 2 && ownerless.errors.contains("--owner"))
    }

    @Test("watch prints what is written until Ctrl-C", .migratedDatabase)
    func watch() async throws {
        let watch = try Agentcorp.start(["memory", "watch", "--json"])
        // It shows nothing until it has begun.
        try await waitUntil("the first line") {
            try await TestDatabase.current.psql(
                "select agentcorp.memory_set('global', null, 'k', '1', merge => 'counter')")
            return watch.output.contains(#""key":"k""#)
        }
        watch.signal(SIGINT)
        #expect(try await watch.waitForExit().status == 0)
    }
}
