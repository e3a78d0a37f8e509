import AgentTestSupport
import JSON
import Orchestration
import Plans
import Providers
import Queue
import TestSupport
import Testing
import Worker

@Suite struct NestedForkTests {
    @Test("a task in a round of a loop is done again, and what comes after it", .checkedDatabase)
    func loops() async throws {
        try await PlanWorld.run { world in
            let run = try await world.start(
                [
                    "before": ["agent": "a", "prompt": "before"],
                    "edit": [
                        "needs": ["before"], "repeat": ["until": "round >= 3", "max": 5],
                        "plan": [
                            "tasks": [
                                "code": ["agent": "a", "prompt": "code {{ round }} {{ default(previous.check, '') }}"],
                                "check": ["agent": "a", "needs": ["code"], "prompt": "check {{ code }}"],
                            ]
                        ],
                    ],
                    "after": ["agent": "a", "needs": ["edit"], "prompt": "{{ edit.check }}"],
                ], output: "after")
            let result = try await world.agents.end(of: run)
            #expect(try await world.turns() == 8)
            // check and after of the second round, two of the third, after
            for (place, calls) in [
                ("edit/#2/check", 4), ("edit/#3/code", 3), ("edit/#1", 7), ("edit", 7), ("after", 1),
            ] {
                let before = try await world.turns()
                let fork = try await world.orchestrator.fork(run, at: [place])
                #expect(try await world.agents.end(of: fork) == result, "\(place)")
                #expect(try await world.turns() - before == calls, "\(place)")
            }
        }
    }

    @Test("one item of many is done again, and those that are shared keep their places", .checkedDatabase)
    func items() async throws {
        try await PlanWorld.run { world in
            let run = try await world.start(
                [
                    "dig": [
                        "agent": "a", "each": "input.items", "max_items": 9, "parallel": 2,
                        "prompt": "{{ item }}",
                    ],
                    "sum": ["agent": "a", "needs": ["dig"], "prompt": "{{ join(dig, '+') }}"],
                ], output: "sum", input: ["items": ["x", "y", "z"]])
            #expect(try await world.agents.end(of: run) == "x+y+z")
            let fork = try await world.orchestrator.fork(run, at: ["dig/[0]"])
            #expect(try await world.agents.end(of: fork) == "x+y+z")
            #expect(try await world.turns() == 6)
            let set = try await world.orchestrator.fork(run, outputs: ["dig/[1]": "other"])
            #expect(try await world.agents.end(of: set) == "x+other+z")
            #expect(try await world.turns() == 7)
        }
    }

    @Test("who was chosen by role is given the task again", .checkedDatabase)
    func routes() async throws {
        let agents: [JSONValue] = [["name": "x", "role": "coder"], ["name": "y", "role": "coder"]]
        try await PlanWorld.run(agents) { world in
            let run = try await world.start(["look": ["agent": ["role": "coder"], "prompt": "look"]], output: "look")
            _ = try await world.agents.end(of: run)
            let chosen = try await world.agents.rows("select agent from agentcorp.agent_run")[0]
            let fork = try await world.orchestrator.fork(run, at: ["look/\(chosen)"])
            #expect(try await world.agents.end(of: fork) == "look")
            #expect(try await world.agents.rows("select agent from agentcorp.agent_run") == [chosen, chosen])
        }
    }

    @Test("joins count what is shared as met", .checkedDatabase)
    func joins() async throws {
        try await PlanWorld.run { world in
            for (join, calls): (JSONValue, Int) in [("any", 2), (["quorum": 2], 2), ("settled", 2), ("all", 2)] {
                let start = try await world.turns()
                let run = try await world.start(
                    [
                        "p": ["agent": "a", "prompt": "p"],
                        "q": ["kind": "echo", "args": ["q": 1]],
                        "r": ["kind": "echo", "args": ["r": 1]],
                        "s": ["agent": "a", "needs": ["p", "q", "r"], "join": join, "prompt": "s"],
                    ], output: "s")
                _ = try await world.agents.end(of: run)
                _ = start
                let states = try await world.states(of: run)
                let before = try await world.turns()
                let fork = try await world.orchestrator.fork(run, at: ["p"])
                #expect(try await world.agents.end(of: fork) == "s")
                // p may have been cancelled by the join in the fork, as in the original.
                let made = try await world.turns() - before
                #expect((1...calls).contains(made), "\(join.text): \(made) turns; \(states)")
            }
        }
    }

    @Test("an agent goes on after a turn, without paying for those before it", .checkedDatabase)
    func turns() async throws {
        let calls = TestTools()
        let tools = [calls.tool("look")]
        try await PlanWorld.run(
            [["tools": ["look"]]], tools: tools,
            answering: { request, _ in
                let results = request.messages.count { if case .toolResults = $0 { true } else { false } }
                if results < 2 { return .calls(.call("look", id: "c\(results)")) }
                return .text(request.userTexts.joined(separator: ", "))
            }
        ) { world in
            let run = try await world.start(["find": ["agent": "a", "prompt": "find"]], output: "find")
            #expect(try await world.agents.end(of: run) == "find")
            #expect(try await world.turns() == 3)
            #expect(calls.count("look") == 2)
            let fork = try await world.orchestrator.fork(run, at: ["find@1"])
            #expect(try await world.agents.end(of: fork) == "find")
            #expect(try await world.turns() == 5)
            #expect(calls.count("look") == 3)
            let told = try await world.orchestrator.fork(run, at: ["find@2"], message: "be brief")
            #expect(try await world.agents.end(of: told) == "find, be brief")
            #expect(try await world.turns() == 6)
            // Its own budget knows nothing of what the original spent.
            let spent = try await world.agents.rows(
                "select agentcorp.run_state(t.id) #>> '{spent,turns}' from agentcorp.task t where t.parent_id = \(told)"
            )
            #expect(spent == ["1"])
        }
    }
}
