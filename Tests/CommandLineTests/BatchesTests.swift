import TestSupport
import Testing

@Suite(.checkedDatabase)
struct BatchesTests {
    @Test("a batch is created, extended, sealed, and shown on its way")
    func batch() async throws {
        let created = try await Agentcorp.run(
            "batches", "create", "import", "--tasks", #"[{"kind": "a"}, {"kind": "a"}]"#, "--open", "--on-complete",
            #"{"kind": "publish"}"#, "--tag", "t")
        #expect(created.output == "1\n")
        #expect(
            try await Agentcorp.run("batches", "add", "1", "-", input: #"[{"kind": "a"}]"#).output
                == "added 1 task to batch 1\n")
        #expect(
            try await Agentcorp.run("batches", "show", "1").output
                == "batch 1 import: open\n" + String(repeating: "░", count: 40)
                + " 0% of 3 tasks\n0 completed, 0 failed, 3 pending\n")
        #expect(try await Agentcorp.run("batches", "seal", "1").status == 0)
        #expect(try await Agentcorp.run("tasks", "cancel", "2").status == 0)
        try await TestDatabase.current.psql("select agentcorp.resolve_ends(0::smallint)")
        let shown = try await Agentcorp.run("batches", "show", "1")
        #expect(shown.output.hasPrefix("batch 1 import: running\n██"))
        #expect(shown.output.hasSuffix("░ 33% of 3 tasks\n0 completed, 1 failed, 2 pending\n"))
        let list = try await Agentcorp.run("batches")
        #expect(list.output.contains("running"))
        #expect(try await Agentcorp.run("batches", "list", "--open", "--before", "1").output.isEmpty)
        #expect(try await Agentcorp.run("batches", "show", "1", "--json").output.contains(#""pending":2"#))
    }

    @Test("what is no batch, or has settled, is refused by its exit code")
    func refusals() async throws {
        #expect(try await Agentcorp.run("batches", "create", "--tasks", "[]", "--json").output == "{\"id\": 1}\n")
        let late = try await Agentcorp.run("batches", "add", "1", #"[{"kind": "a"}]"#)
        #expect(late.status == 6 && late.errors.contains("batch 1 has settled"))
        #expect(try await Agentcorp.run("batches", "show", "99").status == 5)
        #expect(try await Agentcorp.run("batches", "seal", "99").status == 5)
        let bad = try await Agentcorp.run("batches", "create", "--on-failure", "{}")
        #expect(bad.status == 2 && bad.errors.contains("/on_failure/kind is missing"))
        #expect(try await Agentcorp.run("batches", "create", "--tasks", "[{]").status == 2)
    }

    @Test("steps are listed, and a task is forked at one of them")
    func steps() async throws {
        try await TestDatabase.current.psql(
            """
            select agentcorp.enqueue('report', '{"url": "/"}');
            select worker from agentcorp.register_worker('h', 1, '1', '{default}', '{report}', 1) \\gset
            select * from agentcorp.claim(:worker);
            select agentcorp.step_put(1, 1, 'fetch', '["a long page"]'), agentcorp.step_put(1, 1, 'summarize', '["short"]');
            """)
        let steps = try await Agentcorp.run("tasks", "steps", "1")
        #expect(
            steps.output.contains("STEP") && steps.output.contains(#""a long page""#) && !steps.output.contains("["))
        #expect(
            try await Agentcorp.run("tasks", "fork", "1", "--at", "summarize", "--args", #"{"url": "b"}"#).output
                == "2\n")
        #expect(try await Agentcorp.run("tasks", "steps", "2").output.contains("shared"))
        #expect(try await Agentcorp.run("tasks", "show", "2").output.contains("fork of   1 at summarize"))
        #expect(try await Agentcorp.run("tasks", "steps", "2", "--json").output.contains(#""value":["a long page"]"#))
        let typo = try await Agentcorp.run("tasks", "fork", "1", "--at", "sumarize")
        #expect(typo.status == 5)
        #expect(typo.errors.contains(#"task 1 has no step "sumarize". Did you mean "summarize"?"#))
    }
}
