import TestSupport
import Testing

@Suite struct EnqueueTests {
    func describe(_ id: String, _ what: String) async throws -> String {
        try await TestDatabase.current.psql("select agentcorp.describe(\(id)) #>> '{\(what)}'")
    }

    func enqueue(_ arguments: String..., input: String = "") async throws -> String {
        let result = try await Agentcorp.run(["enqueue"] + arguments, input: input)
        #expect(result.status == 0, "\(result.errors)")
        return result.output.split(separator: "\n").first.map(String.init) ?? ""
    }

    @Test("the id goes to stdout, alone, and every option reaches the task", .migratedDatabase)
    func options() async throws {
        let needed = try await enqueue("noop")
        let parent = try await enqueue("noop")
        let id = try await enqueue(
            "work", "--args", #"{"a": [1, 2]}"#, "--priority", "2", "--max-attempts", "7", "--timeout", "1m30s",
            "--backoff", "fixed 2s", "--unique-key", "key", "--needs", needed, "--tag", "x", "--tag", "y", "--name",
            "me",
            "--parent", parent)
        #expect(Int(id) != nil)
        #expect(try await describe(id, "kind") == "work")
        #expect(try await describe(id, "args,a,1") == "2")
        #expect(try await describe(id, "priority") == "2")
        #expect(try await describe(id, "max_attempts") == "7")
        #expect(try await describe(id, "policy,timeout_ms") == "90000")
        #expect(try await describe(id, "policy,unique_key") == "key")
        #expect(try await describe(id, "needs,0") == needed)
        #expect(try await describe(id, "tags") == #"["x", "y"]"#)
        #expect(try await describe(id, "name") == "me")
        #expect(try await describe(id, "parent_id") == parent)
    }

    @Test("arguments come from a file or from stdin", .migratedDatabase)
    func argsElsewhere() async throws {
        try await Scratch.use { scratch in
            let file = try scratch.write("args.json", #"{"from": "file"}"#)
            #expect(try await describe(try await enqueue("work", "--args", "@\(file)"), "args,from") == "file")
        }
        let id = try await enqueue("work", "--args", "-", input: #"{"from": "stdin"}"#)
        #expect(try await describe(id, "args,from") == "stdin")
    }

    @Test("--in counts from the server's clock, --run-at is a moment", .migratedDatabase)
    func later() async throws {
        let database = TestDatabase.current
        let soon = try await enqueue("work", "--in", "1h30m")
        let wait = try await database.psql(
            "select round(extract(epoch from run_at - created_at)) from agentcorp.tasks where id = \(soon)")
        #expect(wait == "5400")
        let at = try await enqueue("work", "--run-at", "2090-01-31T10:00:00+01:00")
        #expect(
            try await database.psql("select run_at = '2090-01-31 09:00Z' from agentcorp.tasks where id = \(at)") == "t")
    }

    @Test("malformed JSON is shown with line, column and the place", .migratedDatabase)
    func malformed() async throws {
        let result = try await Agentcorp.run("enqueue", "work", "--args", "-", input: "{\n  \"argv\" [\"true\"]\n}")
        #expect(result.status == 2)
        #expect(
            result.errors == """
                error: stdin is not valid JSON: line 2, column 10: expected a colon after the name, found `[`
                    "argv" ["true"]
                           ^

                """)
        #expect(try await TestDatabase.current.psql("select count(*) from agentcorp.task") == "0")
    }

    @Test(
        "what the database refuses is one message and a documented exit code", .migratedDatabase,
        arguments: [
            (["--queue", "defualt"], 5 as Int32, "Did you mean \"default\"?"),
            (["--parent", "4711"], 5, "4711"),
            (["--needs", "4711"], 5, "4711"),
            (["--priority", "11"], 2, "priority 11"),
            (["--max-attempts", "0"], 2, "max_attempts 0"),
            (["--backoff", "sometimes"], 2, "backoff"),
            (["--in=-5m"], 2, "--in"),
            (["--run-at", "tomorrow"], 2, "2026-01-31T09:30:00Z"),
            (["--in", "5m", "--run-at", "2090-01-31T10:00:00Z"], 2, "not both"),
            (["--timeout", "soon"], 2, "soon"),
            (["--on-conflict", "replaec"], 2, "replace"),
            (["--args", "@/nonexistent"], 2, "/nonexistent"),
        ])
    func refused(options: [String], status: Int32, words: String) async throws {
        let result = try await Agentcorp.run(["enqueue", "work"] + options)
        #expect(result.status == status, "\(result.errors)")
        #expect(result.errors.hasPrefix("error: "))
        #expect(result.errors.contains(words))
        #expect(result.output.isEmpty)
        #expect(try await TestDatabase.current.psql("select count(*) from agentcorp.task") == "0")
    }

    @Test("a large payload goes in, one over the limit is refused", .migratedDatabase)
    func tooLarge() async throws {
        let args = "{\"x\": \"\(String(repeating: "y", count: 3_000_000))\"}"
        let id = try await enqueue("work", "--args", "-", input: args)
        #expect(try await TestDatabase.current.psql("select length(agentcorp.args_of(\(id))::text)") == "3000009")
        let result = try await Agentcorp.run(
            "enqueue", "work", "--args", "-", input: args, environment: ["PGOPTIONS": "-c agentcorp.max_payload=1MB"])
        #expect(result.status == 2)
        #expect(result.errors.contains("2.9 MiB; the limit is 1.0 MiB"))
    }

    @Test("a held unique key returns its holder, or is a conflict when asked to reject", .migratedDatabase)
    func uniqueKey() async throws {
        let id = try await enqueue("work", "--unique-key", "k")
        #expect(try await enqueue("work", "--unique-key", "k") == id)
        let result = try await Agentcorp.run("enqueue", "work", "--unique-key", "k", "--on-conflict", "reject")
        #expect(result.status == 6)
        #expect(result.errors.contains("held by task \(id)"))
    }

    @Test("a kind that no worker handles is accepted with a warning on stderr", .migratedDatabase)
    func unhandled() async throws {
        let result = try await Agentcorp.run("enqueue", "nobody", "--json")
        #expect(result.status == 0)
        #expect(result.output == "{\"id\": 1}\n")
        #expect(result.errors.contains("warning: no live worker handles kind \"nobody\""))
    }
}
