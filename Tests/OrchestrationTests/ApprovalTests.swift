import AgentTestSupport
import Agents
import JSON
import Orchestration
import Plans
import Queue
import TestSupport
import Testing
import Tools
import Worker

/// Tasks of plans about which people decide.
@Suite struct ApprovalTests {
    /// One that asks, one that goes on unless it was rejected.
    private static func tasks(_ more: [String: JSONValue] = [:]) -> JSONValue {
        let approve: [String: JSONValue] = [
            "title": "Deploy build {{ input.build }}?", "value": ["build": "{{ input.build }}"],
            "decisions": ["approve", "edit", "reject", "respond"],
        ]
        return [
            "ask": ["approve": .object(approve.merging(more) { $1 })],
            "deploy": [
                "kind": "echo", "needs": ["ask"], "when": "ask.decision != 'reject'",
                "args": ["build": "{{ ask.value.build }}", "said": "{{ ask.response }}"],
            ],
        ]
    }

    private static func start(_ world: PlanWorld, _ more: [String: JSONValue] = [:]) async throws -> Int64 {
        try await world.start(tasks(more), input: ["build": 7])
    }

    @Test(
        "approved, edited, rejected, or answered: the plan goes on by it", .checkedDatabase,
        arguments: [
            ("approve", nil, nil, ["build": 7, "said": .null]),
            ("edit", nil, ["build": 8], ["build": 8, "said": .null]),
            ("reject", nil, nil, .null),
            ("respond", "use the old one", nil, ["build": 7, "said": "use the old one"]),
        ] as [(String, String?, JSONValue?, JSONValue)])
    func decides(_ decision: String, _ response: String?, _ edited: JSONValue?, _ deployed: JSONValue) async throws {
        try await PlanWorld.run { world in
            let run = try await Self.start(world)
            let approval = try await world.agents.approval()
            #expect(approval.title == "Deploy build 7?" && approval.value == ["build": 7] && approval.reason == "task")
            #expect(approval.run == run && approval.name == "ask" && approval.schema == nil)
            try await world.agents.wait("select state from agentcorp.tasks where name = 'ask'", "waiting")
            try await world.manager.decide(approval, decision, by: "ann", response: response, edited: edited)
            let output = try await world.agents.end(of: run)
            #expect(output["deploy"] == deployed)
            let ask = try #require(output["ask"])
            #expect(ask["decision"] == .string(decision) && ask["by"] == "ann" && ask["at"] != nil)
            #expect(ask["value"] == (edited ?? ["build": 7]) && ask["timed_out"] == nil)
            #expect(
                try await world.states(of: run)
                    == ["ask completed", decision == "reject" ? "deploy skipped" : "deploy completed"])
        }
    }

    @Test("what it does not offer, and what is no decision about what was shown, is refused", .checkedDatabase)
    func refused() async throws {
        try await PlanWorld.run { world in
            let run = try await Self.start(world, ["decisions": ["approve", "edit"], "approvers": ["ann"]])
            let other = try await Self.start(world, ["title": "Another?"])
            try await world.agents.wait("select count(*) from agentcorp.approvals where state = 'open'", "2")
            let shown = try await world.manager.approvals()
            let mine = try #require(shown.first { $0.run == run })
            let another = try #require(shown.first { $0.run == other })
            func refuses(
                _ code: QueueError.Code, _ decision: String, by person: String? = "ann", edited: JSONValue? = nil,
                hash: String? = nil, always: AlwaysRule? = nil
            ) async {
                let error = await #expect(throws: QueueError.self) {
                    try await world.manager.decide(
                        mine.id, decision, by: person, edited: edited, hash: hash, always: always)
                }
                #expect(error?.code == code, "\(decision): \(String(describing: error))")
            }
            await refuses(.invalidValue, "reject")
            await refuses(.invalidValue, "approve", by: "bob")
            await refuses(.invalidValue, "edit")
            await refuses(.invalidValue, "approve", edited: ["build": 9])
            await refuses(.invalidValue, "approve", always: AlwaysRule(.tool))
            await refuses(.wrongState, "approve", hash: another.hash)
            try await world.manager.decide(mine, "approve", by: "ann")
            await refuses(.wrongState, "edit", edited: ["build": 9])
            #expect(try await world.agents.end(of: run)["deploy"]?["build"] == 7)
            try await world.manager.cancel(other)
            let error = await #expect(throws: QueueError.self) { try await world.manager.decide(another, "approve") }
            #expect(error?.code == .wrongState && error?.message.contains("has ended") == true)
        }
    }

    @Test("when the time is over the default counts", .checkedDatabase, arguments: ["approve", "reject"])
    func expires(_ fallback: String) async throws {
        var run: Int64 = 0
        try await PlanWorld.run { world in
            run = try await Self.start(world, ["expires": "2h", "default": .string(fallback)])
            try await world.agents.wait("select state from agentcorp.tasks where name = 'ask'", "waiting")
        }
        try await TestDatabase.current.shiftClock("3 hours")
        try await PlanWorld.run { world in
            let output = try await world.agents.end(of: run)
            #expect(output["ask"]?["decision"] == .string(fallback) && output["ask"]?["timed_out"] == true)
            #expect(output["ask"]?["by"] == nil)
            #expect(output["deploy"] == (fallback == "approve" ? ["build": 7, "said": .null] : .null))
        }
    }

    @Test("without a default the task fails when the time is over; retried, people are asked anew", .checkedDatabase)
    func expiresWithout() async throws {
        var run: Int64 = 0
        try await PlanWorld.run { world in
            run = try await Self.start(world, ["expires": "2h"])
            try await world.agents.wait("select state from agentcorp.tasks where name = 'ask'", "waiting")
        }
        try await TestDatabase.current.shiftClock("3 hours")
        try await PlanWorld.run { world in
            let failure = try await world.agents.failure(of: run)
            #expect(failure.message.contains("nobody has decided approval 1 in time"))
            #expect(try await world.states(of: run) == ["ask failed", "deploy cancelled"])
            #expect(try await world.manager.retryRun(run) == 3)
            let approval = try await world.agents.approval()
            #expect(approval.id == 2)
            try await world.manager.decide(approval, "approve")
            #expect(try await world.agents.end(of: run)["deploy"]?["build"] == 7)
        }
    }

    @Test("tasks that wait for people hold no slot of a worker", .checkedDatabase)
    func slots() async throws {
        try await PlanWorld.run(concurrency: 1) { world in
            let tasks = Self.tasks()
            let run = try await world.start(
                ["each": ["each": "[1, 2, 3]", "plan": ["tasks": tasks], "with": ["build": "{{ item }}"]]],
                output: "each")
            try await world.agents.wait("select count(*) from agentcorp.approvals where state = 'open'", "3")
            try await world.agents.wait(
                "select count(*) from agentcorp.tasks where name = 'ask' and state = 'waiting'", "3")
            #expect(try await world.result(["a": ["kind": "echo", "args": ["n": 1]]], output: "a.n") == 1)
            for approval in try await world.manager.approvals() {
                try await world.manager.decide(approval, "approve")
            }
            let output = try await world.agents.end(of: run)
            #expect((0..<3).map { output[element: $0]?["deploy"]?["build"] } == [1, 2, 3])
        }
    }

    @Test("an agent's call inside a plan waits for a person, and the plan for both", .checkedDatabase)
    func inPlan() async throws {
        let tools = TestTools()
        try await PlanWorld.run(
            [["tools": ["send"], "approvals": ["tools": ["send"]]]],
            tools: [tools.tool("send", .once, parameters: try JSONSchema(["type": "object"]))],
            answering: { request, _ in request.answers == 0 ? .calls(.call("send", ["n": 1])) : .text("sent") }
        ) { world in
            let run = try await world.start(["mail": ["agent": "a", "prompt": "send it"]], output: "mail")
            let approval = try await world.agents.approval()
            #expect(approval.run == run && approval.tool == "send" && approval.agent == "a")
            try await world.agents.wait("select state from agentcorp.tasks where name = 'mail'", "waiting")
            try await world.manager.decide(approval, "edit", edited: ["n": 2])
            #expect(try await world.agents.end(of: run) == "sent")
            #expect(tools.runs.map(\.arguments) == [["n": 2]])
        }
    }
}

extension JSONValue {
    fileprivate subscript(element index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }
}
