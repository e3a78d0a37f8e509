import FoundationEssentials
import JSON
import TestSupport
import Testing

/// Plans as files: `plan check`, `plan show` and `plan schema`.
@Suite struct PlanFileTests {
    private static let good = """
        plan: good
        budget: { usd: 0.5 }
        tasks:
          a: { agent: writer, prompt: "x" }
          b: { needs: [a], kind: noop, each: "[1, 2, 3]", max_items: 3, on_error: { run: c } }
          c: { kind: noop }
        output: b
        """

    /// Nine mistakes, of all sorts.
    private static let bad = """
        plan: bad
        tasks:
          a: { agent: writer, promt: "x" }
          b:
            needs: [a, nobody]
            kind: noop
            when: "a.x = 3"
          c: { kind: noop, needs: [d] }
          d: { kind: noop, needs: [c] }
          e: { kind: noop, tool: x }
          f: { vote: { options: [a, b], voters: [x], rule: majorty } }
          g: { repeat: { until: "true" }, kind: noop }
        output: zz
        """

    @Test(
        "a good plan is called so, with what a run can come to; without a database a note says what was not looked up")
    func good() async throws {
        try await Scratch.use { scratch in
            let file = try scratch.write("good.yaml", Self.good)
            let result = try await Agentcorp.runAlone("plan", "check", file, "--offline")
            #expect(result.status == 0)
            #expect(
                result.output == "\(file): good, 3 tasks; a run: at most 7 tasks, 50 model calls, $0.5\n",
                "\(result.output)")
            #expect(result.errors.isEmpty)
            let alone = try await Agentcorp.runAlone("plan", "check", file, scratch: scratch)
            #expect(alone.status == 0)
            #expect(alone.errors.contains("no database is named: agents, plans and queues were not looked up"))
            let json = try await Agentcorp.runAlone("plan", "check", file, "--offline", "--json")
            let verdict = try JSONValue(parsing: json.output).elements?.first
            #expect(verdict?["plan"] == "good" && verdict?["issues"] == [])
            #expect(verdict?["bounds"]?["tasks"] == 7, "\(json.output)")
        }
    }

    @Test("a kind that no worker handles is noted, with what it was probably to be", .migratedDatabase)
    func kinds() async throws {
        try await Scratch.use { scratch in
            let plan =
                "plan: x\ntasks: { a: { kind: comand }, b: { plan: { tasks: { c: { kind: resize } } } }, d: { kind: noop } }"
            let result = try await Agentcorp.run("plan", "check", try scratch.write("x.yaml", plan))
            #expect(result.status == 0)
            let notes = [
                #"note: no live worker handles kind "comand". Did you mean "command"?"#,
                #"note: no live worker handles kind "resize"."#,
            ]
            #expect(result.errors == notes.map { $0 + "\n" }.joined(), "\(result.errors)")
        }
    }

    @Test("all mistakes are told at once, in the order of the file, with line, column, pointer and advice")
    func mistakes() async throws {
        try await Scratch.use { scratch in
            let file = try scratch.write("bad.yaml", Self.bad)
            let result = try await Agentcorp.runAlone("plan", "check", file, "--offline")
            #expect(result.status == 2)
            #expect(result.output.isEmpty)
            let lines = result.errors.split(separator: "\n")
            #expect(
                lines.first
                    == "error: \(file):3:23 /tasks/a/promt: unknown field \"promt\". Did you mean \"prompt\"?")
            let expected = [
                ("3:23 ", "/tasks/a/promt"), ("5:16 ", "/tasks/b/needs/1"), ("7:5 ", "/tasks/b/when"),
                ("8:", "/tasks/c/needs"), ("10:3 ", "/tasks/e"), ("11:", "/tasks/f/vote/rule"),
                ("12:", "/tasks/g/repeat"), ("13:1 ", "/output"),
            ]
            #expect(lines.count == expected.count, "\(result.errors)")
            for (line, (place, pointer)) in zip(lines, expected) {
                #expect(line.hasPrefix("error: \(file):\(place)") && line.contains(" \(pointer): "), "\(line)")
            }
            let json = try await Agentcorp.runAlone("plan", "check", file, "--offline", "--json")
            #expect(json.status == 2)
            let issues = try JSONValue(parsing: json.output).elements?.first?["issues"]?.elements ?? []
            #expect(issues.count == expected.count)
            #expect(issues.first?["line"] == 3 && issues.first?["column"] == 23)
            #expect(issues.first?["advice"] == "Did you mean \"prompt\"?")
            // One bad file does not keep the others from being looked at.
            let both = try await Agentcorp.runAlone(
                "plan", "check", file, try scratch.write("good.yaml", Self.good), "--offline")
            #expect(both.status == 2 && both.output.contains("good, 3 tasks") && both.errors.contains("/output"))
        }
    }

    @Test(
        "what is no plan at all is an error that says where",
        arguments: [
            ("x.yaml", "", "is empty"), ("x.json", "[]", "1:1: an array instead of an object"),
            ("x.json", "{", " valid JSON: "), ("x.yaml", "a: [1\nb: 2", "2:2: no valid YAML"),
            ("x.yaml", "plan: 3\ntasks: 4", "1:1 /plan: a number instead of a string"),
            ("x.json", #"{"plan": "x", "version": 2, "tasks": {}}"#, "/version: 2 is no version"),
            ("x.json", #"{"kind": "noop"}"#, "has no tasks"),
            ("x.yaml", "tasks: { B-b: { kind: noop } }", "/tasks/B-b"),
            ("x.yaml", "plan: x\ntasks: " + String(repeating: "[", count: 10_000), "nested more than 64 levels deep"),
        ])
    func none(_ name: String, _ text: String, _ words: String) async throws {
        try await Scratch.use { scratch in
            let file = try scratch.write(name, text)
            for arguments in [["check", file, "--offline"], ["show", file]] {
                let result = try await Agentcorp.startAlone(["plan"] + arguments).waitForExit()
                #expect(result.status == 2)
                #expect(result.output.isEmpty)
                #expect(result.errors.hasPrefix("error: \(file)") && result.errors.contains(words), "\(result.errors)")
            }
        }
    }

    @Test("plans come from stdin, too; files that cannot be read are named", .migratedDatabase)
    func sources() async throws {
        let good = try await Agentcorp.run("plan", "check", "-", "--offline", input: Self.good)
        #expect(good.status == 0 && good.output.hasPrefix("stdin: good"))
        let bad = try await Agentcorp.run("plan", "check", "-", "--offline", input: Self.bad)
        #expect(bad.status == 2 && bad.errors.hasPrefix("error: stdin:3:23 /tasks/a/promt"))
        for (file, words) in [("/no/such.yaml", "No such file"), ("/tmp", "Is a directory")] {
            let result = try await Agentcorp.run("plan", "check", file, "--offline")
            #expect(result.status == 2 && result.errors.contains("cannot read \(file): \(words)"), "\(result.errors)")
        }
        #expect(try await Agentcorp.run("plan", "check").status == 2)
        // With a database, its agents count, and those of a folder.
        let known = try await Agentcorp.run("plan", "check", "-", input: Self.good)
        #expect(known.status == 2 && known.errors.contains("/tasks/a/agent: there is no agent \"writer\""))
        try await Scratch.use { scratch in
            _ = try scratch.write("agents/writer.yaml", "name: writer\nmodel: openai/gpt-5-mini\n")
            let added = try await Agentcorp.run(
                "plan", "check", "-", "--agents", "\(scratch.path)/agents", input: Self.good)
            #expect(added.status == 0, "\(added.errors)")
        }
    }

    @Test("of many mistakes in a large plan the first thousand are told, and how many more there are")
    func many() async throws {
        let tasks = (1...5000).map { "\"t\($0)\": {\"knd\": \"noop\"}" }.joined(separator: ", ")
        try await Scratch.use { scratch in
            let file = try scratch.write("many.json", "{\"plan\": \"many\", \"tasks\": {\(tasks)}}")
            let result = try await Agentcorp.startAlone(["plan", "check", file, "--offline"]).waitForExit()
            #expect(result.status == 2)
            let lines = result.errors.split(separator: "\n")
            #expect(lines.count == 1001 && lines[1000].hasSuffix("more mistakes"), "\(lines.count)")
            #expect(result.errors.contains("/tasks/t1000/knd: unknown field \"knd\". Did you mean \"kind\"?"))
        }
    }

    @Test("a plan is drawn for terminals, Graphviz, Mermaid and browsers", .migratedDatabase)
    func show() async throws {
        try await Scratch.use { scratch in
            let file = try scratch.write("good.yaml", Self.good)
            let text = try await Agentcorp.run("plan", "show", file)
            #expect(text.status == 0)
            for words in ["good, 3 tasks", "│ agent writer", "each [1, 2, 3] (up to 3)", "on error: c"] {
                #expect(text.output.contains(words), "\(words): \(text.output)")
            }
            let terminal = try await Agentcorp.runOnTerminal("plan show \(file)")
            #expect(terminal.output.contains("\u{1B}[") && terminal.output.contains("agent writer"))
            let plain = try await Agentcorp.run(["plan", "show", file], environment: ["LANG": "C"])
            #expect(plain.output.utf8.allSatisfy { $0 < 128 } && plain.output.contains("agent writer"))
            let dot = try await Agentcorp.run("plan", "show", file, "--dot")
            #expect(dot.output.hasPrefix("digraph \"good\" {") && dot.output.contains("\"a\" -> \"b\";"))
            let mermaid = try await Agentcorp.run("plan", "show", file, "--mermaid")
            #expect(mermaid.output.hasPrefix("flowchart TD\n") && mermaid.output.contains("t_b -. on error .-> t_c"))
            let svg = try await Agentcorp.run("plan", "show", file, "--svg")
            #expect(svg.output.hasPrefix("<svg ") && svg.output.hasSuffix("</svg>\n"))
            let json = try await Agentcorp.run("plan", "show", file, "--json")
            #expect(try JSONValue(parsing: json.output)["plan"] == "good")

            _ = try scratch.write("loaded.yaml", "plan: loaded\ntasks: { one: { kind: noop } }")
            _ = try await Agentcorp.run("plan", "load", "\(scratch.path)/loaded.yaml")
            #expect(try await Agentcorp.run("plan", "show", "loaded").output.contains("one"))
            for (arguments, status, words) in [
                (["loaded", "--version", "2"], 5, "no plan \"loaded\" version 2"),
                (["laoded"], 5, "no plan \"laoded\""),
                ([file, "--version", "2"], 2, "--version is for plans that are loaded"),
                ([file, "--dot", "--svg"], 2, "choose one of"), (["nosuch.yaml"], 2, "cannot read nosuch.yaml"),
            ] {
                let result = try await Agentcorp.run(["plan", "show"] + arguments)
                #expect(result.status == status, "\(arguments)")
                #expect(result.errors.contains(words), "\(arguments): \(result.errors)")
            }
        }
        let alone = try await Agentcorp.runAlone("plan", "show", "release")
        #expect(alone.status == 3)
        #expect(alone.errors.contains("there is no file \"release\", and as a plan: no database is named"))
    }

    @Test("the schema for editors is the one of the documents")
    func schema() async throws {
        let result = try await Agentcorp.runAlone("plan", "schema")
        #expect(result.status == 0)
        let file = String(#filePath.split(separator: "/Tests/")[0]) + "/docs/plan.schema.json"
        #expect(result.output == (try String(contentsOfFile: file, encoding: .utf8)))
        #expect(try JSONValue(parsing: result.output)["required"] == ["tasks"])
    }
}
