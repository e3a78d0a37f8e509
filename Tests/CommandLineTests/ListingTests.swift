import FoundationEssentials
import TestSupport
import Testing

@Suite struct ListingTests {
    /// Five tasks: a tree of three, one that failed, one for later.
    init() async throws {
        try await TestDatabase.current.psql(
            """
            select agentcorp.enqueue_tree('{"kind": "noop", "name": "top", "subtasks": [{"kind": "noop", "name": "a"}, {"kind": "noop", "name": "b"}]}');
            select agentcorp.enqueue('noop', name => 'broken', tags => '{t}');
            select agentcorp.enqueue('noop', name => E'two\\nlines \\x1b[31m', run_at => now() + interval '1 hour');
            select agentcorp.cancel(4, 'no longer needed');
            """)
    }

    func decode(_ text: String) throws -> [[String: String?]] {
        let values = try JSONDecoder().decode([[String: Loose]].self, from: Data(text.utf8))
        return values.map { $0.mapValues(\.text) }
    }

    /// Any JSON value as text.
    struct Loose: Decodable {
        let text: String?

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            text =
                (try? container.decode(String.self)) ?? (try? container.decode(Int.self)).map { "\($0)" }
                ?? (try? container.decode(Double.self)).map { "\($0)" }
        }
    }

    @Test("tasks are listed newest first, as a table without colours in a pipe", .migratedDatabase)
    func table() async throws {
        let result = try await Agentcorp.run("tasks", "list")
        #expect(result.status == 0)
        let lines = result.output.split(separator: "\n")
        #expect(lines.count == 6)
        #expect(lines[0].hasPrefix("ID  STATE"))
        #expect(lines[1].contains("scheduled"))
        #expect(lines[2].contains("no longer needed"))
        #expect(!result.output.contains("\u{1B}"))
        // Columns are aligned.
        let column =
            lines[0].firstRange(of: "KIND").map { lines[0].distance(from: lines[0].startIndex, to: $0.lowerBound) } ?? 0
        for line in lines.dropFirst() { #expect(line.dropFirst(column).hasPrefix("noop")) }
    }

    @Test("--json prints nothing but JSON, and the filters filter", .migratedDatabase)
    func json() async throws {
        func ids(_ arguments: String...) async throws -> [String] {
            let result = try await Agentcorp.run(["tasks", "list", "--json"] + arguments)
            #expect(result.status == 0)
            #expect(result.errors.isEmpty)
            return try decode(result.output).compactMap { $0["id"] ?? nil }
        }
        #expect(try await ids() == ["5", "4", "3", "2", "1"])
        #expect(try await ids("--state", "ready") == ["3", "2"])
        #expect(try await ids("--state", "cancelled") == ["4"])
        #expect(try await ids("--tag", "t") == ["4"])
        #expect(try await ids("--root", "1") == ["3", "2", "1"])
        #expect(try await ids("--before", "3") == ["2", "1"])
        #expect(try await ids("--limit", "2") == ["5", "4"])
        #expect(try await ids("--kind", "nothing") == [])
    }

    @Test(
        "every listing is JSON with --json", .migratedDatabase,
        arguments: [
            ["queues", "list"], ["queues"], ["workers"], ["workers", "--all"], ["history"], ["tasks", "tree", "1"],
            ["tasks", "steps", "1"], ["batches"], ["batches", "list", "--open"], ["migrate", "status"], ["schedules"],
        ])
    func listings(command: [String]) async throws {
        let result = try await Agentcorp.run(command + ["--json"])
        #expect(result.status == 0)
        #expect(result.errors.isEmpty)
        #expect(try decode(result.output).count >= 0)
    }

    @Test("colours come when asked for, and on a terminal unless NO_COLOR says no", .migratedDatabase)
    func colours() async throws {
        #expect(try await Agentcorp.run("tasks", "list", "--color", "always").output.contains("\u{1B}[35mcancelled"))
        #expect(try await Agentcorp.runOnTerminal("tasks list").output.contains("\u{1B}[35mcancelled"))
        for environment in [["NO_COLOR": "1"], ["TERM": "dumb"]] {
            #expect(
                !(try await Agentcorp.runOnTerminal("tasks list", environment: environment).output.contains("\u{1B}")))
        }
        #expect(!(try await Agentcorp.runOnTerminal("tasks list --color=never").output.contains("\u{1B}")))
    }

    @Test("a table fits the terminal, and control characters in names do nothing to it", .migratedDatabase)
    func width() async throws {
        try await TestDatabase.current.psql("select agentcorp.enqueue('noop', name => repeat('very long ', 20))")
        let result = try await Agentcorp.runOnTerminal("tasks list --color=never")
        let lines = result.output.split(whereSeparator: \.isNewline)
        #expect(lines.count == 7)
        for line in lines { #expect(line.count <= 100) }
        #expect(result.output.contains("…"))
        #expect(result.output.contains("two lines  [31m"))
    }

    @Test("a mistyped state is answered with the nearest one", .migratedDatabase)
    func unknownState() async throws {
        let result = try await Agentcorp.run("tasks", "list", "--state", "runing")
        #expect(result.status == 2)
        #expect(result.errors.contains("Did you mean \"running\"?"))
        let outcome = try await Agentcorp.run("history", "--outcome", "fialed")
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("Did you mean \"failed\"?"))
    }

    @Test("limits and moments that make no sense are refused", .migratedDatabase)
    func badValues() async throws {
        for arguments in [["--limit", "0"], ["--limit", "x"], ["--since", "yesterday"], ["--longer", "5"]] {
            let result = try await Agentcorp.startAlone(["history"] + arguments).waitForExit()
            #expect(result.status == 2)
            #expect(result.errors.contains(arguments[0]))
        }
    }

    @Test("a tree is drawn with its branches", .migratedDatabase)
    func tree() async throws {
        let result = try await Agentcorp.run("tasks", "tree", "1")
        #expect(result.output.contains("1  top"))
        #expect(result.output.contains("2  ├─ a  ready"))
        #expect(result.output.contains("3  └─ b  ready"))
        let plain = try await Agentcorp.run("tasks", "tree", "1", environment: ["LANG": "C"])
        #expect(plain.output.utf8.allSatisfy { $0 < 128 })
    }

    @Test("show tells all about one task", .migratedDatabase)
    func show() async throws {
        let result = try await Agentcorp.run("tasks", "show", "4")
        #expect(result.status == 0)
        for words in ["task      4 broken", "state     cancelled", "tags      t", "no longer needed", "ATTEMPT"] {
            #expect(result.output.contains(words))
        }
        #expect(try await Agentcorp.run("tasks", "show", "4", "--json").output.hasPrefix("{\"args\":{}"))
    }

    @Test(
        "a task that does not exist is exit code 5, everywhere", .migratedDatabase,
        arguments: ["show", "tree", "watch", "cancel", "retry", "output", "steps", "fork"])
    func unknownTask(command: String) async throws {
        let result = try await Agentcorp.run("tasks", command, "4711")
        #expect(result.status == 5)
        #expect(result.errors.contains("unknown task 4711"))
    }

    @Test("queues are created, paused and resumed", .migratedDatabase)
    func queues() async throws {
        #expect(try await Agentcorp.run("queues", "create", "io").status == 0)
        #expect(try await Agentcorp.run("queues", "pause", "io").status == 0)
        #expect(try await Agentcorp.run("queues").output.contains("paused"))
        #expect(try await Agentcorp.run("queues", "resume", "io").status == 0)
        #expect(!(try await Agentcorp.run("queues").output.contains("paused")))
        let unknown = try await Agentcorp.run("queues", "pause", "oi")
        #expect(unknown.status == 5)
        #expect(unknown.errors.contains("unknown queue \"oi\""))
    }

    @Test("history tells what ended", .migratedDatabase)
    func history() async throws {
        let result = try await Agentcorp.run("history", "--outcome", "cancelled", "--json")
        #expect(try decode(result.output).compactMap { $0["task_id"] ?? nil } == ["4"])
        #expect(try decode(try await Agentcorp.run("history", "--json", "--longer", "1h").output).isEmpty)
    }

    @Test("cancel and retry say how many tasks that were", .migratedDatabase)
    func control() async throws {
        #expect(try await Agentcorp.run("tasks", "cancel", "1").output == "cancelled 3 tasks: 1 and below\n")
        #expect(try await Agentcorp.run("tasks", "cancel", "1").output == "task 1 had ended already\n")
        let output = try await Agentcorp.run("tasks", "output", "1")
        #expect(output.status == 6)
        #expect(output.errors.contains("it is cancelled"))
        #expect(try await Agentcorp.run("tasks", "retry", "1").output.hasPrefix("retrying task 1"))
        #expect(try await Agentcorp.run("tasks", "retry", "1").status == 6)
        #expect(try await Agentcorp.run("tasks", "retry", "--state", "cancelled").output == "retrying 1 task\n")
        #expect(try await Agentcorp.run("tasks", "retry").status == 2)
    }
}
