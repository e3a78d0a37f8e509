import AgentTestSupport
import JSON
import MockServer
import Orchestration
import Plans
import Providers
import Queue
import TestSupport
import Testing
import Tools

/// Supervisors: agents that have others work by a plan that they make.
@Suite(.checkedDatabase)
struct DelegationTests {
    private static let delegate: JSONValue = ["agents": ["coder", "tester"], "max_tasks": 6, "max_depth": 1]

    /// A run whose one task is the supervisor's; the others answer with what they are asked.
    ///
    /// - Parameter lead: What the supervisor says, by the number of its answer and the results before it.
    private func supervise<Result>(
        _ delegate: JSONValue = delegate, budget: JSONValue? = nil, tools: [Tool] = [],
        lead: @escaping @Sendable (Int, [ToolResultMessage]) -> ChatResponse,
        others: @escaping @Sendable (ChatRequest) async throws -> ChatResponse = { .text($0.userTexts.last) },
        _ body: (PlanWorld, Int64, ScriptedProvider) async throws -> Result
    ) async throws -> Result {
        let provider = ScriptedProvider { request, _ in
            guard request.model == "lead" else { return try await others(request) }
            return lead(request.answers, request.lastResults)
        }
        return try await AgentWorld.run(
            [provider],
            [
                ["name": "lead", "model": "script/lead"],
                ["name": "coder", "role": "engineer", "skills": ["swift"], "description": "writes code"],
                ["name": "tester", "tools": ["look"]], ["name": "boss", "role": "engineer"],
            ],
            tools: tools + [TestTools().tool("look")], workers: 2, concurrency: 2,
            register: { handlers, runtime in OrchestrationRuntime(agents: runtime).register(in: handlers) }
        ) { agents async throws in
            let world = PlanWorld(agents: agents)
            var task: [String: JSONValue] = ["agent": "lead", "prompt": "{{ input.goal }}", "delegate": delegate]
            task["budget"] = budget
            let run = try await world.start(
                ["lead": .object(task)], output: "lead", input: ["goal": "build it"])
            return try await body(world, run, provider)
        }
    }

    private static func plan(_ tasks: JSONValue, output: String? = nil, id: String = "c1") -> ChatResponse {
        var fragment: [String: JSONValue] = ["tasks": tasks]
        fragment["output"] = output.map { .string($0) }
        return .calls(.call("task__delegate", ["fragment": .object(fragment)], id: id))
    }

    @Test("a supervisor decomposes, gets what the plan brings, goes another round by it, and sums up")
    func rounds() async throws {
        try await supervise(
            lead: { answer, results in
                switch answer {
                case 0:
                    Self.plan(
                        [
                            "code": ["agent": "coder", "prompt": "code"],
                            "test": ["agent": "tester", "needs": ["code"], "prompt": "test of {{ code }}"],
                        ], output: "test")
                case 1: Self.plan(["mend": ["agent": "coder", "prompt": .string("mend: \(results[0].content)")]])
                default: .text("all: \(results[0].content)")
                }
            }
        ) { world, run, provider async throws in
            let output = try await world.agents.end(of: run)
            #expect(output == #"all: {"output":{"mend":"mend: {\"output\":\"test of code\"}"}}"#)
            #expect(try await world.agents.rows("select count(*) from agentcorp.turns") == ["6"])
            #expect(
                try await world.states(of: run) == [
                    "call 1.0 completed", "call 2.0 completed", "code completed", "lead completed", "mend completed",
                    "test completed",
                ])
            let tool = provider.requests[0].tools.first { $0.name == "task__delegate" }
            for words in ["- coder, role engineer, skills swift: writes code", "- tester", "6 tasks"] {
                #expect(tool?.description.contains(words) == true, "\(words)")
            }
            #expect(tool?.description.contains("boss") == false)
            #expect(
                !provider.requests.contains { $0.model != "lead" && $0.tools.contains { $0.name == "task__delegate" } })
        }
    }

    @Test("all mistakes of a plan are told at once, nothing runs until they are mended")
    func mistakes() async throws {
        try await supervise(
            lead: { answer, results in
                switch answer {
                case 0:
                    Self.plan([
                        "a": ["agent": "codr", "prompt": "x"],
                        "b": ["agent": "coder", "promt": "y"],
                        "c": ["agent": ["role": "engineer"], "prompt": "{{ a }}"],
                        "d": ["tool": "terminal.run_command", "args": [:]],
                        "e": ["agent": "coder", "prompt": "z", "queue": "fast", "delegate": ["agents": ["coder"]]],
                    ])
                case 1:
                    Self.plan(["a": ["agent": "coder", "prompt": .string(results[0].content)]], output: "a")
                default: .text(results[0].content)
                }
            }
        ) { world, run, _ async throws in
            let told = try await world.agents.end(of: run).string ?? ""
            for words in [
                "/tasks/a/agent", "coder", "/tasks/b/promt", "/tasks/c/agent", "role", "/tasks/d/tool",
                "/tasks/e/queue", "/tasks/e/delegate",
            ] {
                #expect(told.contains(words), "\(words) in \(told)")
            }
            #expect(try await world.agents.rows("select count(*) from agentcorp.turns where agent <> 'lead'") == ["1"])
        }
    }

    @Test("the tasks of all rounds count, with their items at the most that may come")
    func limits() async throws {
        try await supervise(
            lead: { answer, results in
                switch answer {
                case 0:
                    Self.plan([
                        "a": ["agent": "coder", "prompt": "{{ item }}", "each": "input", "max_items": 50]
                    ])
                case 1:
                    Self.plan(["a": ["agent": "coder", "prompt": "1"], "b": ["agent": "coder", "prompt": "2"]])
                case 2:
                    Self.plan([
                        "a": ["agent": "coder", "prompt": "1"], "b": ["agent": "coder", "prompt": "2"],
                        "c": ["agent": "coder", "prompt": "3"], "d": ["agent": "coder", "prompt": "4"],
                        "e": ["agent": "coder", "prompt": "5"],
                    ])
                default: .text(results[0].content)
                }
            }
        ) { world, run, provider async throws in
            let told = try await world.agents.end(of: run).string ?? ""
            #expect(told.contains("5 tasks; 4 are allowed") && told.contains("2 of your 6"), "\(told)")
            #expect(provider.requests.contains { $0.lastResults.first?.content.contains("6 are allowed") == true })
            #expect(try await world.agents.rows("select count(*) from agentcorp.turns where agent <> 'lead'") == ["2"])
        }
    }

    @Test("a delegate may delegate in turn, one level less, and its tasks count")
    func depth() async throws {
        try await supervise(
            ["agents": ["coder", "tester"], "max_tasks": 6, "max_depth": 2],
            lead: { answer, results in
                let inner: JSONValue = ["agents": ["tester"], "max_tasks": 3, "max_depth": 2]
                return switch answer {
                case 0: Self.plan(["a": ["agent": "coder", "prompt": "x", "delegate": inner]])
                case 1:
                    Self.plan(
                        [
                            "a": [
                                "agent": "coder", "prompt": "deeper",
                                "delegate": ["agents": ["tester"], "max_tasks": 3, "max_depth": 1],
                            ]
                        ], output: "a")
                default: .text(results[0].content)
                }
            },
            others: { request in
                guard request.userTexts.last == "deeper" else { return .text("leaf") }
                return request.answers == 0
                    ? Self.plan(["t": ["agent": "tester", "prompt": "t"]], output: "t")
                    : .text("sum of \(request.lastResults[0].content)")
            }
        ) { world, run, provider async throws in
            #expect(
                try await world.agents.end(of: run) == #"{"output":"sum of {\"output\":\"leaf\"}"}"#)
            #expect(
                provider.requests.contains { $0.lastResults.first?.content.contains("/delegate/max_depth") == true })
            #expect(
                try await world.agents.rows(
                    "select value ->> 'tasks' from agentcorp.step where name like 'delegate %' order by task_id")
                    == ["4", "1"])
        }
    }

    @Test("of a plan that fails the supervisor learns where, why, and what the others brought")
    func failedChild() async throws {
        try await supervise(
            lead: { answer, results in
                answer == 0
                    ? Self.plan([
                        "good": ["agent": "coder", "prompt": "good"], "bad": ["agent": "tester", "prompt": "refuse"],
                        "after": ["agent": "coder", "needs": ["bad"], "prompt": "{{ bad }}"],
                    ]) : .text("\(results[0].isError) \(results[0].content)")
            },
            others: { request in
                request.userTexts.last == "refuse"
                    ? .text(nil, refusal: "no", finish: .refusal) : .text(request.userTexts.last)
            }
        ) { world, run, _ async throws in
            let told = try await world.agents.end(of: run).string ?? ""
            #expect(told.hasPrefix("true "))
            let report = try JSONValue(parsing: String(told.dropFirst(5)))
            #expect(report["failed"]?.string?.contains("task bad failed") == true)
            #expect(report["tasks"]?["good"] == ["state": "completed", "output": "good"])
            #expect(report["tasks"]?["bad"]?["error"]?.string?.contains("declined") == true)
            #expect(report["tasks"]?["after"]?["state"] == "cancelled")
        }
    }

    @Test("one task is assigned to some agents, and their answers come in order; a prompt is no template")
    func assigned() async throws {
        try await PlanWorld.run([["name": "a"], ["name": "b", "role": "critic"]]) { world in
            let one = try await world.orchestrator.assign("say {{ this }}", to: .named("a"))
            #expect(try await world.agents.end(of: one) == "say {{ this }}")
            let two = try await world.orchestrator.assign(
                "go", to: .role("critic", skills: [], pick: .leastBusy), .named("a"), budget: ["turns": 2])
            #expect(try await world.agents.end(of: two) == ["go", "go"])
            await #expect(throws: QueueError.self) { try await world.orchestrator.assign("", to: .named("")) }
        }
    }

    @Test("what the others spend comes out of the supervisor's budget")
    func budget() async throws {
        try await supervise(
            budget: ["turns": 3],
            lead: { answer, results in
                answer == 0
                    ? Self.plan(["a": ["agent": "coder", "prompt": "1"], "b": ["agent": "coder", "prompt": "2"]])
                    : .text("done")
            }
        ) { world, run, _ async throws in
            // One turn of its own, two of theirs: none is left to sum up.
            let failure = try await world.agents.failure(of: run)
            #expect(failure.message.contains("budget"), "\(failure)")
            #expect(try await world.agents.rows("select turns, turns_spent from agentcorp.budget") == ["3|3"])
        }
    }

    @Test("when the attempts of all are lost, nothing is delegated twice and no answer is paid for twice")
    func lost() async throws {
        let gate = MockGate()
        let tools = TestTools()
        let look = tools.tool("look", .pure) { call in
            if tools.count("look") == 1 { await gate.opened() }
            return ToolResult("seen")
        }
        let provider = ScriptedProvider { request, _ in
            switch (request.model, request.answers) {
            case ("lead", 0): Self.plan(["t": ["agent": "tester", "prompt": "t"]], output: "t")
            case ("lead", _): .text(request.lastResults[0].content)
            case (_, 0): .calls(.call("look"))
            default: .text("looked")
            }
        }
        try await AgentWorld.run(
            [provider], [["name": "lead", "model": "script/lead"], ["name": "tester", "tools": ["look"]]],
            tools: [look], workers: 2,
            register: { handlers, runtime in OrchestrationRuntime(agents: runtime).register(in: handlers) }
        ) { agents async throws in
            let world = PlanWorld(agents: agents)
            let run = try await world.start(
                ["lead": ["agent": "lead", "prompt": "go", "delegate": ["agents": ["tester"]]]], output: "lead")
            try await waitUntil("the tool runs") { tools.count("look") == 1 }
            _ = try await agents.pool.call(
                """
                with dead as (update agentcorp.worker set beat_at = beat_at - interval '1 hour' returning id)
                select (select count(*) from dead)
                """, [])
            _ = try await agents.rows("select * from agentcorp.rescue()")
            gate.open()
            #expect(try await agents.end(of: run) == #"{"output":"looked"}"#)
            #expect(provider.requests.count == 4)
            #expect(
                try await agents.rows("select count(*) from agentcorp.task where kind in ('plan', 'agent')") == ["4"])
        }
    }
}
