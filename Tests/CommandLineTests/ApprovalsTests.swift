import FoundationEssentials
import JSON
import TestSupport
import Testing

/// `agentcorp approvals`, and the page about them.
@Suite struct ApprovalsTests {
    private static let script = """
        {"name": "test", "label": false, "rules": [
            {"when": {"turn": 1}, "reply": "At once.",
             "calls": [{"name": "event__publish", "arguments": {"topic": "news.out", "data": {"n": 1}}}]},
            {"reply": "It is out."}]}
        """

    /// Runs commands beside a worker, with the agent `coder`, who asks before it publishes anything.
    private func withCoder(_ body: (_ scratch: Scratch) async throws -> Void) async throws {
        try await Scratch.use { scratch in
            let file = try scratch.write(
                "coder.json",
                #"{"provider": "offline", "model": "test", "tools": ["event.publish"], "approvals": {"tools": ["event.*"]}}"#
            )
            let loaded = try await Agentcorp.run("agents", "load", file)
            #expect(loaded.status == 0, "\(loaded.errors)")
            try await withEngine(environment: ["OFFLINE_SCRIPT": try scratch.write("script.json", Self.script)]) {
                try await body(scratch)
            }
        }
    }

    /// Has the agent ask for leave to publish something; returns its task.
    private func ask(approval: Int) async throws -> String {
        let asked = try await Agentcorp.run("ask", "coder", "publish it", "--detach")
        #expect(asked.status == 0, "\(asked.errors)")
        try await waitForApproval(approval)
        return asked.output.split(separator: "\n").first.map(String.init) ?? ""
    }

    private func waitForApproval(_ id: Int) async throws {
        try await waitUntil("approval \(id)") {
            try await TestDatabase.current.psql("select state from agentcorp.approvals where id = \(id)") == "open"
        }
    }

    /// What a task returned; waits for it.
    private func end(of task: String) async throws -> String {
        try await waitUntil("task \(task) to end") {
            try await ["completed", "failed"].contains(
                TestDatabase.current.psql("select state from agentcorp.tasks where id = \(task)"))
        }
        return try await Agentcorp.run("tasks", "output", task).output
    }

    @Test(
        "what waits is listed and shown with all that there is to know, and decided by what was shown",
        .migratedDatabase)
    func decide() async throws {
        try await withCoder { _ in
            let task = try await ask(approval: 1)
            let list = try await Agentcorp.run("approvals", "list")
            for words in ["coder", "event.publish", #""topic":"news.out""#, "policy", "approve|edit|reject|respond"] {
                #expect(list.output.contains(words), "\(words): \(list.output)")
            }
            let shown = try await Agentcorp.run("approvals", "show", "1")
            for words in [
                "1, open", "coder wants to call event.publish", "the agent's configuration asks", "task      \(task)",
                #""n": 1"#, "agentcorp approvals decide 1 approve|edit|reject|respond --hash",
            ] {
                #expect(shown.output.contains(words), "\(words): \(shown.output)")
            }
            let json = try JSONValue(parsing: try await Agentcorp.run("approvals", "show", "1", "--json").output)
            let hash = try #require(json["hash"]?.string)
            #expect(json["tool"] == "event.publish" && json["schema"]?["type"] == "object")

            for (arguments, status, words) in [
                (["edit"], 2, "--edit name=value"), (["approve", "--edit", "a=b"], 2, "goes with the decision edit"),
                (["approve", "--scope", "run"], 2, "go with --always"), (["sign"], 2, "cannot be decided with"),
                (["approve", "--hash", "00000000"], 6, "not about what was shown"),
                (["edit", "--edit", "topic=7"], 2, "do not fit event.publish"),
                (["edit", "--edit", "colour=red"], 2, "colour"), (["edit", "--edit", "nonsense"], 2, "JSON"),
            ] as [([String], Int32, String)] {
                let wrong = try await Agentcorp.run(["approvals", "decide", "1"] + arguments)
                #expect(
                    wrong.status == status && wrong.errors.contains(words),
                    "\(arguments): \(wrong.status) \(wrong.errors)")
            }
            let edited = try await Agentcorp.run(
                "approvals", "decide", "1", "edit", "--edit", "topic=news.edited", "--as", "ann", "--hash",
                String(hash.prefix(12)))
            #expect(edited.output.contains("approval 1: edit: coder wants to call event.publish"), "\(edited.errors)")
            #expect(try await end(of: task) == "\"It is out.\"\n")
            #expect(
                try await TestDatabase.current.psql("select topic, data from agentcorp.event where topic like 'news%'")
                    == #"news.edited|{"n": 1}"#)
            let late = try await Agentcorp.run("approvals", "decide", "1", "reject")
            #expect(late.status == 6 && late.errors.contains("was decided: edit, by ann"), "\(late.errors)")
            #expect(try await Agentcorp.run("approvals").errors.contains("nothing waits for a decision"))
            #expect(try await Agentcorp.run("approvals", "list", "--all").output.contains("edit by ann"))
            #expect(try await Agentcorp.run("approvals", "show", "1").output.contains("news.edited"))
            #expect(try await Agentcorp.run("approvals", "show", "9").status == 5)
        }
    }

    @Test("a decision for always is a rule; rules are listed, added and removed", .migratedDatabase)
    func rules() async throws {
        try await withCoder { _ in
            let first = try await ask(approval: 1)
            let always = try await Agentcorp.run(
                "approvals", "decide", "1", "approve", "--always", "--for", "8h", "--args", #"{"topic": "news.out"}"#,
                "--as", "ann")
            #expect(
                always.output.contains("rule 1: agentcorp approvals rules remove 1 takes it back"), "\(always.errors)")
            #expect(try await end(of: first) == "\"It is out.\"\n")
            let second = try await Agentcorp.run("ask", "coder", "publish it", "--detach")
            let task = second.output.split(separator: "\n").first.map(String.init) ?? ""
            #expect(try await end(of: task) == "\"It is out.\"\n")
            #expect(try await Agentcorp.run("approvals", "list", "--all").output.contains("approve by rule 1 of ann"))

            let added = try await Agentcorp.run(
                "approvals", "rules", "add", "reject", "event.*", "--agent", "coder", "--as", "bob")
            #expect(added.output == "2\n", "\(added.errors)")
            let list = try await Agentcorp.run("approvals", "rules", "list")
            for words in [
                "approve", "event.publish", #"{"topic":"news.out"}"#, "ann", "reject", "event.*", "coder", "bob",
            ] {
                #expect(list.output.contains(words), "\(words): \(list.output)")
            }
            let third = try await Agentcorp.run("ask", "coder", "publish it", "--detach")
            _ = try await end(of: third.output.split(separator: "\n").first.map(String.init) ?? "")
            #expect(
                try await TestDatabase.current.psql("select count(*) from agentcorp.event where topic = 'news.out'")
                    == "2")
            for rule in ["1", "2"] {
                #expect(try await Agentcorp.run("approvals", "rules", "remove", rule).status == 0)
            }
            #expect(try await Agentcorp.run("approvals", "rules", "remove", "2").errors.contains("there is no rule 2"))
            #expect(try await Agentcorp.run("approvals", "rules").errors.contains("no rules"))
            for arguments in [["edit", "x"], ["approve", "a*b"], ["approve", "x", "--agent", "codr"]] {
                #expect(try await Agentcorp.run(["approvals", "rules", "add"] + arguments).status != 0, "\(arguments)")
            }
        }
    }

    @Test("the examples of docs/approvals.md run as they stand there", .migratedDatabase)
    func page() async throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().path + "/../../docs/approvals.md"
        let text = String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self)
        try await withCoder { scratch in
            var block: (language: String, lines: [Substring])?
            var commands = 0
            for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
                if line.hasPrefix("```"), let whole = block {
                    block = nil
                    let content = whole.lines.joined(separator: "\n")
                    if whole.language == "sql" {
                        try await TestDatabase.current.psql(content)
                        if content.contains("run_plan") { try await waitForApproval(2) }
                    } else {
                        let loaded = try await Agentcorp.run("plan", "load", try scratch.write("deploy.json", content))
                        #expect(loaded.status == 0, "\(loaded.errors)")
                    }
                } else if line.hasPrefix("```") {
                    block = (String(line.dropFirst(3)), [])
                } else if block != nil {
                    block?.lines.append(line)
                } else if line.hasPrefix("    $ agentcorp ") {
                    let command = String(line.dropFirst("    $ agentcorp ".count))
                    if command.hasPrefix("approvals decide 3") { _ = try await ask(approval: 3) }
                    let result = try await Agentcorp.runInShell(command)
                    #expect(result.status == 0, "\(command): \(result.errors)")
                    if command.hasPrefix("run deploy") { try await waitForApproval(1) }
                    commands += 1
                }
            }
            #expect(commands == 8)
            // The edited one has gone on, the rejected one has not.
            try await waitUntil("both runs to end") {
                try await TestDatabase.current.psql(
                    "select string_agg(state, ' ' order by id) from agentcorp.tasks where name = 'deploy' and kind = 'command'"
                )
                    == "completed skipped"
            }
            #expect(
                try await TestDatabase.current.psql(
                    "select agentcorp.output_of(id)::text from agentcorp.tasks where name = 'deploy' and state = 'completed'"
                )
                .contains("8"))
        }
    }
}
