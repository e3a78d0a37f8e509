import AgentTestSupport
import JSON
import Orchestration
import Plans
import Providers
import Queue
import TestSupport
import Testing
import Worker

@Suite struct FlowTests {
    @Test("the output of one task is in the prompt of the next", .checkedDatabase)
    func pipeline() async throws {
        try await PlanWorld.run { world in
            let result = try await world.result(
                [
                    "analyze": ["agent": "a", "prompt": "Analyse {{ input.csv }}"],
                    "report": ["agent": "a", "needs": ["analyze"], "prompt": "Report on {{ analyze }}"],
                ], output: "report", input: ["csv": "1,2"])
            #expect(result == "Report on Analyse 1,2")
        }
    }

    @Test("without output a plan returns what its tasks return", .checkedDatabase)
    func outputs() async throws {
        try await PlanWorld.run { world in
            let result = try await world.result([
                "one": ["kind": "echo", "args": ["n": 1]],
                "two": ["kind": "echo", "needs": ["one"], "args": ["n": "{{ one.n + 1 }}"]],
                "three": ["kind": "echo", "when": "two.n > 5", "needs": ["two"], "args": [:]],
            ])
            #expect(result == ["one": ["n": 1], "two": ["n": 2], "three": .null])
        }
    }

    @Test("a condition that does not hold skips the task, and says from what", .checkedDatabase)
    func conditions() async throws {
        try await PlanWorld.run { world in
            let run = try await world.start([
                "ask": ["kind": "echo", "args": ["ok": false]],
                "do": ["kind": "echo", "needs": ["ask"], "when": "ask.ok", "args": [:]],
                "after": ["kind": "echo", "needs": ["do"], "args": ["did": "{{ do }}"]],
            ])
            #expect(try await world.agents.end(of: run)["after"] == ["did": .null])
            #expect(try await world.states(of: run) == ["after completed", "ask completed", "do skipped"])
            let step = try await world.agents.rows(
                "select s.value::text from agentcorp.step s join agentcorp.tasks t on t.id = s.task_id where s.name = 'when'"
            )
            #expect(step == [#"[{"value": false, "operands": {"ask.ok": false}, "expression": "ask.ok"}]"#])
        }
    }

    @Test("a task for each element: the output is the array of theirs, in order", .checkedDatabase)
    func fanOut() async throws {
        try await PlanWorld.run { world in
            let result = try await world.result(
                [
                    "split": ["kind": "echo", "args": ["parts": ["x", "y", "z"]]],
                    "dig": [
                        "kind": "echo", "needs": ["split"], "each": "split.parts", "max_items": 6, "parallel": 2,
                        "args": ["item": "{{ item }}", "n": "{{ index }}"],
                    ],
                ], output: "dig")
            #expect(result == [["item": "x", "n": 0], ["item": "y", "n": 1], ["item": "z", "n": 2]])
        }
    }

    @Test("an empty array is no tasks; more items than allowed, or no array, fail the task", .checkedDatabase)
    func oddFanOuts() async throws {
        try await PlanWorld.run { world in
            let task: JSONValue = ["kind": "echo", "each": "input.items", "max_items": 2, "args": [:]]
            #expect(try await world.result(["dig": task], output: "dig", input: ["items": []]) == [])
            let many = try await world.failure(["dig": task], input: ["items": [1, 2, 3]])
            #expect(many.message.contains("3 items, and max_items is 2"))
            let none = try await world.failure(["dig": task], input: ["items": "x"])
            #expect(none.message.contains("is no array"))
        }
    }

    @Test("several agents do the same, and their answers are an array", .checkedDatabase)
    func severalAgents() async throws {
        try await PlanWorld.run([["name": "a"], ["name": "b"]]) { world in
            let result = try await world.result(
                ["say": ["agent": ["b", "a"], "prompt": "go"]], output: "say")
            #expect(result == ["go", "go"])
        }
    }

    @Test("a loop goes on until its condition holds, and sees the round before", .checkedDatabase)
    func loops() async throws {
        try await PlanWorld.run { world in
            let run = try await world.start(
                [
                    "edit": [
                        "repeat": ["until": "check.ok", "max": 5], "with": ["start": "{{ input.start }}"],
                        "plan": [
                            "tasks": [
                                "code": [
                                    "kind": "echo",
                                    "args": [
                                        "n": "{{ default(previous.code.n, input.start) + 1 }}", "round": "{{ round }}",
                                    ],
                                ],
                                "check": ["kind": "echo", "needs": ["code"], "args": ["ok": "{{ code.n >= 13 }}"]],
                            ]
                        ],
                    ]
                ], output: "edit", input: ["start": 10])
            let result = try await world.agents.end(of: run)
            #expect(result == ["code": ["n": 13, "round": 3], "check": ["ok": true]])
            let rounds = try await world.agents.rows(
                "select s.name || ' ' || (s.value -> 0 ->> 'value') from agentcorp.step s where s.name like 'until%' order by 1"
            )
            #expect(rounds == ["until 1 false", "until 2 false", "until 3 true"])
        }
    }

    @Test("a loop ends with its last round", .checkedDatabase)
    func lastRound() async throws {
        try await PlanWorld.run { world in
            let result = try await world.result(
                ["again": ["kind": "echo", "repeat": ["until": "false", "max": 3], "args": ["round": "{{ round }}"]]],
                output: "again")
            #expect(result == ["round": 3])
        }
    }

    @Test("whoever has the role is given the task, and the choice is recorded", .checkedDatabase)
    func roles() async throws {
        try await PlanWorld.run([["name": "x", "role": "coder"], ["name": "y", "role": "reviewer"]]) { world in
            let result = try await world.result(
                ["look": ["agent": ["role": "reviewer"], "prompt": "look"]], output: "look")
            #expect(result == "look")
            #expect(try await world.agents.rows("select agent from agentcorp.agent_run") == ["y"])
            let choice = try await world.agents.rows(
                "select value #>> '{0,agent}' from agentcorp.step where name = 'route 1'")
            #expect(choice == ["y"])
        }
    }

    @Test("where one agent of the role fails for good, another one is tried", .checkedDatabase)
    func elsewhere() async throws {
        let agents: [JSONValue] = [["name": "x", "role": "coder"], ["name": "y", "role": "coder"]]
        try await PlanWorld.run(agents, tools: []) { world in
            let run = try await world.start(
                [
                    "code": [
                        "agent": ["role": "coder"], "prompt": "code", "retry": ["max": 1, "elsewhere": true],
                        "schema": ["type": "object"], "repairs": 0,
                    ]
                ], output: "code")
            let failure = try await world.agents.failure(of: run)
            #expect(failure.message.contains("agent y"))
            #expect(try await world.agents.rows("select agent from agentcorp.agent_run order by 1") == ["x", "y"])
        }
    }

    @Test("a plan runs another one, in the version that there was when the run began", .checkedDatabase)
    func subPlans() async throws {
        try await PlanWorld.run { world in
            let inner: JSONValue = [
                "plan": "inner", "input": ["type": "object", "required": ["x"]],
                "tasks": ["t": ["kind": "echo", "args": ["got": "{{ input.x }}"]]], "output": "t.got",
            ]
            try await world.orchestrator.load(inner, named: "inner")
            let result = try await world.result(
                ["call": ["plan": "inner", "with": ["x": "{{ input.y }}"]]], output: "call", input: ["y": 7])
            #expect(result == 7)
            let failure = try await world.failure(["call": ["plan": "inner", "with": [:]]], output: "call")
            #expect(failure.message.contains("input"))
        }
    }

    @Test("an input that does not fit is refused at once", .checkedDatabase)
    func inputs() async throws {
        try await PlanWorld.run { world in
            await #expect(throws: QueueError.self) {
                _ = try await world.start(
                    ["t": ["kind": "echo", "args": [:]]], input: ["n": "x"],
                    more: ["input": ["type": "object", "properties": ["n": ["type": "integer"]]]])
            }
            #expect(try await world.agents.rows("select count(*) from agentcorp.task") == ["0"])
            let failure = try await world.failure(
                ["t": ["kind": "echo", "args": [:]]], input: ["n": -1],
                more: ["input": ["type": "object", "properties": ["n": ["minimum": 0]]]])
            #expect(failure.message.contains("/n"))
        }
    }

    @Test("the tasks of a plan have its queue and priority, unless they say otherwise", .checkedDatabase)
    func placement() async throws {
        try await PlanWorld.run { world in
            try await world.manager.createQueue("slow")
            try await world.orchestrator.load(
                [
                    "plan": "placed",
                    "tasks": [
                        "one": ["kind": "echo", "args": [:]],
                        "two": ["kind": "echo", "args": [:], "queue": "slow", "priority": 1],
                    ],
                ], named: "placed")
            let run = try await world.orchestrator.run("placed", priority: 7)
            // Nobody serves the slow queue.
            try await world.agents.wait("select count(*) from agentcorp.tasks where parent_id = \(run)", "2")
            let rows = try await world.agents.rows(
                "select distinct name || ' ' || queue || ' ' || priority from agentcorp.tasks where parent_id is not null order by 1"
            )
            #expect(rows == ["one default 7", "two slow 1"])
        }
    }
}
