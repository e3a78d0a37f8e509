import AgentTestSupport
import JSON
import Providers
import TestSupport
import Testing
import Tools

/// What comes from outside stays a stranger's word, through whatever tasks of a plan it goes.
@Suite struct TaintTests {
    private static let look = TestTools().tool("look", isTainting: true)

    /// The agents that are tainted in the end, sorted.
    private func tainted(_ tasks: JSONValue) async throws -> [String] {
        try await PlanWorld.run(
            [
                ["name": "reader", "role": "reader", "tools": ["look"]], ["name": "writer"], ["name": "other"],
                ["name": "lead"],
            ], tools: [Self.look],
            answering: { request, _ in
                if request.tools.contains(where: { $0.name == "look" }), request.answers == 0 {
                    return .calls(.call("look"))
                }
                if request.tools.contains(where: { $0.name == "task__delegate" }), request.answers == 0 {
                    return .calls(
                        .call("task__delegate", ["fragment": ["tasks": ["r": ["agent": "reader", "prompt": "x"]]]]))
                }
                return .text("done")
            }
        ) { world in
            _ = try await world.result(tasks)
            return try await world.agents.rows("select agent from agentcorp.agent_run where tainted order by agent")
        }
    }

    @Test(
        "an agent that needs a fan-out, a choice by role, a loop or a call of a tool that has read it",
        .checkedDatabase,
        arguments: [
            ["agent": "reader", "prompt": "{{ item }}", "each": "[1, 2]", "max_items": 2],
            ["agent": ["role": "reader"], "prompt": "x"],
            ["agent": "reader", "prompt": "x", "repeat": ["max": 1]],
            ["plan": ["tasks": ["inner": ["agent": "reader", "prompt": "x"]]]],
            ["tool": "look", "args": [:]],
        ] as [JSONValue])
    func needed(_ source: JSONValue) async throws {
        let found = try await tainted([
            "source": source, "use": ["agent": "writer", "needs": ["source"], "prompt": "{{ source }}"],
            "beside": ["agent": "other", "prompt": "x"],
        ])
        #expect(Set(found) == (source["tool"] == nil ? ["reader", "writer"] : ["writer"]))
    }

    @Test("an agent inside a plan that needs it", .checkedDatabase)
    func inside() async throws {
        #expect(
            try await tainted([
                "source": ["agent": "reader", "prompt": "x"],
                "use": [
                    "needs": ["source"], "with": "{{ source }}",
                    "plan": ["tasks": ["inner": ["agent": "writer", "prompt": "{{ input }}"]]],
                ],
            ]) == ["reader", "writer"])
    }

    @Test("an agent in a later round, but not in the first", .checkedDatabase)
    func rounds() async throws {
        let rounds = try await tainted([
            "loop": [
                "repeat": ["max": 2],
                "plan": [
                    "tasks": [
                        "write": ["agent": "writer", "prompt": "Go on from: {{ previous.read }}"],
                        "read": ["agent": "reader", "needs": ["write"], "prompt": "x"],
                    ]
                ],
            ]
        ])
        #expect(rounds == ["reader", "reader", "writer"])
    }

    @Test("a supervisor that is told what its delegates have read", .checkedDatabase)
    func delegated() async throws {
        let found = try await tainted([
            "lead": ["agent": "lead", "prompt": "x", "delegate": ["agents": ["reader"]]],
            "after": ["agent": "writer", "needs": ["lead"], "prompt": "{{ lead }}"],
        ])
        #expect(found == ["lead", "reader", "writer"])
    }
}
