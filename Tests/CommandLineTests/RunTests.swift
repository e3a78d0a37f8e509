import Glibc
import TestSupport
import Testing

@Suite struct RunTests {
    static let sum = """
        {"kind": "command", "name": "sum", "args": {"argv": ["jq", "[.children[].output] | add"]},
         "subtasks": [{"kind": "command", "name": "one", "args": {"argv": ["echo", "1"]}},
                      {"kind": "command", "name": "two", "args": {"argv": ["echo", "2"]}}]}
        """

    @Test("the result of a tree goes to stdout, its progress to stderr", .migratedDatabase)
    func result() async throws {
        try await withEngine {
            let result = try await Agentcorp.run("run", "-", input: Self.sum)
            #expect(result.status == 0)
            #expect(result.output == "3\n")
            #expect(result.errors.contains("sum: 3 tasks"))
            #expect(result.errors.contains("sum: completed"))
        }
    }

    @Test("a string is printed with quotes, and without them by --raw", .migratedDatabase)
    func raw() async throws {
        try await withEngine {
            let tree = #"{"kind": "command", "args": {"argv": ["echo", "a \"word\""]}}"#
            let quoted = try await Agentcorp.run("run", "-", input: tree)
            #expect(quoted.output == #""a \"word\"""# + "\n")
            let raw = try await Agentcorp.run("run", "-", "--raw", input: tree)
            #expect(raw.output == #"a "word""# + "\n")
        }
    }

    @Test("a tree that fails is exit code 1, with the cause", .migratedDatabase)
    func failure() async throws {
        try await withEngine {
            let tree = """
                {"kind": "noop", "name": "all", "subtasks": [{"kind": "noop"},
                 {"kind": "command", "name": "bad", "max_attempts": 1, "args": {"argv": ["sh", "-c", "echo oops >&2; exit 3"]}}]}
                """
            let result = try await Agentcorp.run("run", "-", input: tree)
            #expect(result.status == 1)
            #expect(result.output.isEmpty)
            #expect(result.errors.contains("task 3 bad failed"))
            #expect(result.errors.contains("oops"))
            #expect(result.errors.contains("agentcorp tasks show 3"))
        }
    }

    @Test("on a terminal the tree is drawn over itself", .migratedDatabase)
    func terminal() async throws {
        try await withEngine {
            try await Scratch.use { scratch in
                let file = try scratch.write("tree.json", Self.sum)
                let result = try await Agentcorp.runOnTerminal("run \(file)")
                #expect(result.status == 0)
                #expect(result.output.contains("\u{1B}[K"))
                #expect(result.output.contains("├─ one"))
                #expect(result.output.contains("3 of 3 done: 3 completed"))
                #expect(result.output.hasSuffix("3\r\n"))
            }
        }
    }

    @Test("Ctrl-C leaves the tree running and says how to go on", .migratedDatabase)
    func interrupt() async throws {
        let run = try Agentcorp.start(["run", "-"], input: Self.sum)
        try await waitUntil("the first line") { run.errors.contains("sum: 3 tasks") }
        run.signal(SIGINT)
        let result = try await run.waitForExit()
        #expect(result.status == 130)
        #expect(result.output.isEmpty)
        #expect(result.errors.contains("agentcorp tasks watch 1"))
        #expect(result.errors.contains("agentcorp tasks cancel 1"))
        #expect(
            try await TestDatabase.current.psql(
                "select count(*) from agentcorp.tasks where state in ('ready', 'blocked')") == "3")
        // And it does go on.
        try await withEngine {
            let watch = try await Agentcorp.run("tasks", "watch", "1")
            #expect(watch.status == 0)
            let output = try await Agentcorp.run("tasks", "output", "1")
            #expect(output.output == "3\n")
        }
    }

    @Test(
        "a tree with a mistake inserts nothing", .migratedDatabase,
        arguments: [
            (#"{"kind": "noop", "subtasks": [{"kind": "noop"}, {"knid": "noop"}]}"#, 2 as Int32, "subtasks/1"),
            (
                #"{"kind": "noop", "subtasks": [{"kind": "noop", "name": "a", "needs": ["b"]}, {"kind": "noop", "name": "b", "needs": ["a"]}]}"#,
                2, "cycle"
            ),
            (#"{"kind": "noop", "subtasks": [{"kind": "noop", "needs": ["nobody"]}]}"#, 5, "nobody"),
            (#"{"kind": "noop", "queue": "defualt"}"#, 5, "default"),
            (#"{"kind": "noop", "subtasks": [{"kind": "noop"},]}"#, 2, "line 1, column"),
            (#"[]"#, 2, "kind"),
            ("", 2, "is empty"),
        ])
    func mistakes(tree: String, status: Int32, words: String) async throws {
        let result = try await Agentcorp.run("run", "-", input: tree)
        #expect(result.status == status, "\(result.errors)")
        #expect(result.errors.contains(words), "\(result.errors)")
        #expect(try await TestDatabase.current.psql("select count(*) from agentcorp.task") == "0")
    }

    @Test("enqueue --wait prints what the task returned", .migratedDatabase)
    func wait() async throws {
        try await withEngine {
            let result = try await Agentcorp.run("enqueue", "command", "--args", #"{"argv": ["echo", "42"]}"#, "--wait")
            #expect(result.status == 0)
            #expect(result.output == "42\n")
            let failed = try await Agentcorp.run(
                "enqueue", "command", "--args", #"{"argv": ["false"]}"#, "--max-attempts", "1", "--wait")
            #expect(failed.status == 1)
        }
    }

    @Test("a watch outlives its connection, and a cancelled task is exit code 1", .migratedDatabase)
    func brokenConnection() async throws {
        let id = try await Agentcorp.run("enqueue", "nobody").output.prefix { $0.isNumber }
        let watch = try Agentcorp.start(["tasks", "watch", String(id)])
        try await waitUntil("the first line") { watch.output.contains("ready") }
        try await TestDatabase.current.psql(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        )
        #expect(try await Agentcorp.run("tasks", "cancel", String(id)).status == 0)
        let result = try await watch.waitForExit()
        #expect(result.status == 1)
        #expect(result.errors.contains("task \(id) was cancelled"))
    }
}
