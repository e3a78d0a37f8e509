import AgentTestSupport
import Agents
import JSON
import Postgres
import Providers
import Queue
import TestSupport
import Testing
import Tools

/// What becomes of a call that an agent's configuration asks people about.
@Suite(.checkedDatabase)
struct ApprovalDecisionTests {
    private static let parameters = JSONSchema.object(["to": .string(), "copies": .integer(in: 1...3)])

    /// An agent that calls `send` once, and says what came of it.
    private func run(
        _ tools: TestTools, _ provider: ScriptedProvider, approvals: JSONValue = ["tools": ["send"]],
        concurrency: Int = 10, _ body: (AgentWorld) async throws -> Void
    ) async throws {
        try await AgentWorld.run(
            [provider], [["tools": ["send"], "approvals": approvals]],
            tools: [tools.tool("send", .once, parameters: Self.parameters) { ToolResult(.string($0.arguments.text)) }],
            concurrency: concurrency, body)
    }

    private static func provider() -> ScriptedProvider {
        ScriptedProvider { request, _ in
            request.answers == 0 ? .calls(.call("send", ["to": "ann", "copies": 1], id: "s")) : .text("done")
        }
    }

    @Test("edited, a call is made with the other arguments, and the model is told so")
    func edit() async throws {
        let tools = TestTools()
        let provider = Self.provider()
        try await run(tools, provider) { world async throws in
            let task = try await world.manager.ask("a", "x")
            let approval = try await world.approval()
            #expect(approval.reason == "policy" && approval.schema == Self.parameters.value)
            try await world.manager.decide(approval, "edit", edited: ["to": "bob", "copies": 2])
            #expect(try await world.end(of: task) == "done")
            #expect(tools.runs.map(\.arguments) == [["to": "bob", "copies": 2]])
            let told = try #require(provider.requests.last?.lastResults.first)
            #expect(told.content.contains("changed the arguments") && told.content.contains("bob"), "\(told)")
            #expect(provider.requests.count == 2)
        }
    }

    @Test(
        "an edit outside the schema is refused, and nothing is decided",
        arguments: [
            (["to": "bob", "copies": 4], "copies"), (["copies": 1], "to"), ([], "object"),
            (["to": "bob", "copies": 1, "more": true], "more"),
        ] as [(JSONValue, String)])
    func outside(_ edited: JSONValue, _ word: String) async throws {
        let tools = TestTools()
        try await run(tools, Self.provider()) { world async throws in
            let task = try await world.manager.ask("a", "x")
            let approval = try await world.approval()
            let error = await #expect(throws: QueueError.self) {
                try await world.manager.decide(approval, "edit", edited: edited)
            }
            #expect(
                error?.code == .invalidValue && error?.message.contains(word) == true, "\(String(describing: error))")
            #expect(try await world.approval().id == approval.id)
            try await world.manager.decide(approval, "approve")
            #expect(try await world.end(of: task) == "done")
            #expect(tools.runs.map(\.arguments) == [["to": "ann", "copies": 1]])
        }
    }

    @Test("an edit past the check of the schema, in SQL, does not run: the model is told")
    func outsideInSQL() async throws {
        let tools = TestTools()
        let provider = Self.provider()
        try await run(tools, provider) { world async throws in
            let task = try await world.manager.ask("a", "x")
            let approval = try await world.approval()
            _ = try await world.pool.query(
                "select agentcorp.decide($1, 'edit', edited => '{\"to\": \"bob\", \"copies\": 9}')", [approval.id])
            #expect(try await world.end(of: task) == "done")
            #expect(tools.runs.isEmpty)
            let told = try #require(provider.requests.last?.lastResults.first)
            #expect(told.isError && told.content.contains("was not run"), "\(told)")
        }
    }

    @Test("a decision about something else than what was shown is refused")
    func stale() async throws {
        let tools = TestTools()
        let provider = ScriptedProvider(
            .calls(
                .call("send", ["to": "ann", "copies": 1], id: "1"), .call("send", ["to": "eve", "copies": 1], id: "2")),
            .text("done"))
        try await run(tools, provider) { world async throws in
            let task = try await world.manager.ask("a", "x")
            try await world.wait("select count(*) from agentcorp.approvals where state = 'open'", "2")
            let shown = try await world.manager.approvals()
            let error = await #expect(throws: QueueError.self) {
                try await world.manager.decide(shown[0].id, "approve", hash: shown[1].hash)
            }
            #expect(error?.code == .wrongState && error?.message.contains("what was shown") == true)
            #expect(try await world.manager.approvals().count == 2)
            try await world.manager.decide(shown[0], "approve")
            try await world.manager.decide(shown[1], "reject")
            #expect(try await world.end(of: task) == "done")
            #expect(tools.runs.map(\.arguments) == [["to": "ann", "copies": 1]])
        }
    }

    @Test("what waits for a person holds no slot of a worker")
    func slots() async throws {
        let tools = TestTools()
        try await run(tools, Self.provider(), concurrency: 1) { world async throws in
            let tasks = [try await world.manager.ask("a", "x"), try await world.manager.ask("a", "y")]
            // The second one is asked about, too, so the first has left the only slot.
            try await world.wait("select count(*) from agentcorp.approvals where state = 'open'", "2")
            try await world.wait("select count(*) from agentcorp.tasks where state = 'waiting'", "2")
            let other = try await world.manager.enqueue(TaskRequest("noop"))
            _ = try await world.end(of: other)
            for approval in try await world.manager.approvals() { try await world.manager.decide(approval, "reject") }
            for task in tasks { #expect(try await world.end(of: task) == "done") }
        }
    }

    @Test("when the time is over the default counts", arguments: ["approve", "reject"])
    func expires(_ fallback: String) async throws {
        let tools = TestTools()
        let provider = Self.provider()
        let policy: JSONValue = ["tools": ["send"], "expires": "2h", "default": .string(fallback)]
        var task: Int64 = 0
        try await run(tools, provider, approvals: policy) { world async throws in
            task = try await world.manager.ask("a", "x")
            try await world.wait("select state from agentcorp.tasks where id = \(task)", "waiting")
        }
        try await TestDatabase.current.shiftClock("3 hours")
        try await run(tools, provider, approvals: policy) { world async throws in
            #expect(try await world.end(of: task) == "done")
            #expect(tools.runs.count == (fallback == "approve" ? 1 : 0))
            let told = try #require(provider.requests.last?.lastResults.first)
            #expect(told.isError == (fallback == "reject"))
            if fallback == "reject" { #expect(told.content.contains("in time")) }
            let approval = try await world.manager.approval(1)
            #expect(approval.isTimeout && approval.decision == fallback && approval.decidedBy == nil)
            #expect(provider.requests.count == 2)
        }
    }

    @Test("when the time is over and there is no default the task fails, and who retries it is asked anew")
    func expiresWithout() async throws {
        let tools = TestTools()
        let provider = Self.provider()
        let policy: JSONValue = ["tools": ["send"], "expires": "2h"]
        var task: Int64 = 0
        try await run(tools, provider, approvals: policy) { world async throws in
            task = try await world.manager.ask("a", "x")
            try await world.wait("select state from agentcorp.tasks where id = \(task)", "waiting")
        }
        try await TestDatabase.current.shiftClock("3 hours")
        try await run(tools, provider, approvals: policy) { world async throws in
            #expect(try await world.failure(of: task).reason == "expired")
            #expect(tools.runs.isEmpty)
            try await world.manager.retry(task)
            let approval = try await world.approval()
            #expect(approval.id == 2)
            try await world.manager.decide(approval, "approve")
            #expect(try await world.end(of: task) == "done")
            #expect(tools.runs.count == 1 && provider.requests.count == 2)
        }
    }
}
