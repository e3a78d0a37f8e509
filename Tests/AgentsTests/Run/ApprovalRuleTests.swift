import AgentTestSupport
import Agents
import JSON
import Providers
import Queue
import TestSupport
import Testing
import Tools

/// What agents may do without asking again.
@Suite(.checkedDatabase)
struct ApprovalRuleTests {
    private static let open = try! JSONSchema(["type": "object"])

    /// Agents `a` and `b`; each calls the tool that its prompt names, with what stands behind it, and is done.
    private func run(_ tools: TestTools, _ body: (AgentWorld) async throws -> Void) async throws {
        let provider = ScriptedProvider { request, _ in
            guard case .user? = request.messages.last else { return .text("done") }
            let words = (request.userTexts.last ?? "").split(separator: " ").map(String.init)
            return .calls(.call(words[0], ["to": .string(words[1])]))
        }
        try await AgentWorld.run(
            [provider],
            ["a", "b"].map {
                ["name": $0, "tools": ["mail.*", "post"], "approvals": ["tools": ["mail.*", "post"]]]
            },
            tools: ["mail.send", "mail.drop", "post"].map { name in
                tools.tool(name, .once, parameters: Self.open) { _ in ToolResult("ok") }
            }, body)
    }

    /// Whether people are asked about the call that an agent makes; when they are, it is rejected.
    private func asks(_ world: AgentWorld, _ prompt: String, agent: String = "a") async throws -> Bool {
        let task = try await world.manager.ask(agent, prompt)
        try await waitUntil("task \(task) to wait or end") {
            if try await world.manager.standing(of: task).state.isFinal { return true }
            return try await world.manager.approvals().contains { $0.task == task }
        }
        let open = try await world.manager.approvals().filter { $0.task == task }
        for approval in open { try await world.manager.decide(approval, "reject", by: "test") }
        _ = try await world.end(of: task)
        return !open.isEmpty
    }

    @Test("a rule that was added beforehand decides, for its agent and the names that it says, and says so")
    func beforehand() async throws {
        let tools = TestTools()
        try await run(tools) { world async throws in
            let rule = try await world.manager.addApprovalRule(.approve, tool: "mail.*", agent: "a", by: "ann")
            #expect(try await !asks(world, "mail__send bob"))
            #expect(try await asks(world, "mail__send bob", agent: "b"))
            #expect(try await asks(world, "post bob"))
            #expect(tools.runs.map(\.tool) == ["mail.send"])
            let record = try #require(try await world.manager.approvals(isOpen: false).first)
            #expect(record.rule == rule && record.decidedBy == "ann" && record.decision == "approve")
            #expect(try await world.manager.approvalRules().map(\.decided) == [1])
            try await world.manager.removeApprovalRule(rule)
            #expect(try await asks(world, "mail__send bob"))
        }
    }

    @Test("a rule that rejects is told to the model, and nobody is asked")
    func rejects() async throws {
        let tools = TestTools()
        try await run(tools) { world async throws in
            try await world.manager.addApprovalRule(.approve, tool: "*")
            try await world.manager.addApprovalRule(.reject, tool: "mail.send", args: ["to": "eve"])
            #expect(try await !asks(world, "mail__send eve"))
            #expect(tools.runs.isEmpty)
            #expect(
                try await world.rows("select result ->> 'content' from agentcorp.tool_call")
                    == ["Calls like this one are refused here."])
            #expect(try await !asks(world, "mail__send bob"))
            #expect(tools.runs.map(\.tool) == ["mail.send"])
        }
    }

    @Test(
        "a decision for always is no wider than it says",
        arguments: [
            (AlwaysRule(.agent), false, true), (AlwaysRule(.tool), false, false), (AlwaysRule(.run), true, true),
            (AlwaysRule(.tool, args: ["to": "bob"]), false, false),
            (AlwaysRule(.tool, args: ["to": "eve"]), true, true),
        ])
    func always(_ always: AlwaysRule, _ asksSame: Bool, _ asksOther: Bool) async throws {
        let tools = TestTools()
        try await run(tools) { world async throws in
            let task = try await world.manager.ask("a", "mail__send bob")
            let rule = try await world.manager.decide(try await world.approval(), "approve", by: "ann", always: always)
            #expect(rule == 1)
            _ = try await world.end(of: task)
            #expect(try await asks(world, "mail__send bob") == asksSame)
            #expect(try await asks(world, "mail__send bob", agent: "b") == asksOther)
            #expect(try await asks(world, "mail__drop bob"), "another tool")
        }
    }

    @Test("a rule of a run holds for what comes later in it")
    func inTheRun() async throws {
        let tools = TestTools()
        let provider = ScriptedProvider(
            .calls(.call("post", ["n": 1])), .calls(.call("post", ["n": 2])), .text("done"))
        try await AgentWorld.run(
            [provider], [["tools": ["post"], "approvals": ["tools": ["post"]]]],
            tools: [tools.tool("post", .once, parameters: Self.open)]
        ) { world async throws in
            let task = try await world.manager.ask("a", "x")
            try await world.manager.decide(try await world.approval(), "approve", always: AlwaysRule(.run))
            #expect(try await world.end(of: task) == "done")
            #expect(tools.runs.map(\.arguments) == [["n": 1], ["n": 2]])
            #expect(try await world.manager.approvals(isOpen: false).map(\.rule) == [nil, 1])
        }
    }

    @Test("a rule that is over decides nothing any more")
    func over() async throws {
        let tools = TestTools()
        try await run(tools) { world async throws in
            try await world.manager.addApprovalRule(.approve, tool: "post", expires: .seconds(7200))
            #expect(try await !asks(world, "post bob"))
        }
        try await TestDatabase.current.shiftClock("3 hours")
        try await run(tools) { world async throws in
            #expect(try await asks(world, "post bob"))
            #expect(try await world.manager.approvalRules().map(\.hasExpired) == [true])
        }
        #expect(tools.runs.count == 1)
    }
}
