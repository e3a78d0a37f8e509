import AgentTestSupport
import Agents
import JSON
import MockServer
import Postgres
import Providers
import Queue
import TestSupport
import Testing
import Tools

/// Agents that give work to other agents.
@Suite(.checkedDatabase)
struct SubtaskTests {
    @Test(
        "an agent delegates, waits without holding a worker, and gets the answers in order; a failure is an answer, too"
    )
    func delegate() async throws {
        let provider = ScriptedProvider { request, _ in
            switch request.userTexts.last ?? "" {
            case "lead":
                guard let results = request.lastResults.first else {
                    return .calls(
                        .call(
                            "task__delegate",
                            [
                                "tasks": [
                                    ["agent": "b", "prompt": "one"], ["agent": "b", "prompt": "two"],
                                    ["role": "checker", "prompt": "refuse"],
                                ]
                            ]))
                }
                return .text(results.content)
            case "refuse": return .text(nil, refusal: "no", finish: .refusal)
            case let text: return .text("answer to \(text)")
            }
        }
        // One place for all: were it held while they wait, nothing would ever end.
        try await AgentWorld.run(
            [provider], [["tools": ["task.delegate"]], ["name": "b"], ["name": "c", "role": "checker"]], concurrency: 1
        ) { world async throws in
            let task = try await world.manager.ask("a", "lead")
            let output = try await world.end(of: task)
            guard case .array(let answers) = try JSONValue(parsing: output.string ?? "") else {
                throw TestSupportError("no answers: \(output.text)")
            }
            #expect(answers.map { $0["answer"] } == ["answer to one", "answer to two", nil])
            #expect(answers.map { $0["state"] } == ["completed", "completed", "failed"])
            #expect(answers[2]["error"]?.string?.contains("declined") == true)
            #expect(provider.requests.count == 5)
            #expect(
                try await world.rows(
                    "select count(*), count(distinct name) from agentcorp.task where parent_id = \(task)") == ["3|3"])
        }
    }

    @Test("an agent that hands everything on to itself comes to an end")
    func endless() async throws {
        let provider = ScriptedProvider { request, _ in
            request.lastResults.isEmpty
                ? .calls(.call("task__delegate", ["tasks": [["agent": "a", "prompt": "again"]]])) : .text("done")
        }
        try await AgentWorld.run([provider], [["tools": ["task.delegate"]]]) { world async throws in
            let task = try await world.rows("select agentcorp.ask('a', 'do it', priority => 2)")
            #expect(try await world.end(of: try #require(Int64(task[0]))) == "done")
            #expect(
                try await world.rows("select max(depth), count(*), min(priority), max(priority) from agentcorp.task")
                    == ["8|9|2|2"])
            #expect(
                try await world.rows(
                    "select count(*) from agentcorp.tool_call where result ->> 'content' like 'No more work%'")
                    == ["1"])
        }
    }

    @Test("an agent that is not there, or a piece without one, is a result that says so")
    func unknown() async throws {
        let provider = ScriptedProvider(
            .calls(
                .call("task__delegate", ["tasks": [["agent": "bb", "prompt": "x"]]], id: "1"),
                .call("task__delegate", ["tasks": [["prompt": "x"]]], id: "2"),
                .call("task__delegate", ["tasks": [["role": "none", "prompt": "x"]]], id: "3")),
            .text("done"))
        try await AgentWorld.run([provider], [["tools": ["task.delegate"]], ["name": "b"]]) { world async throws in
            #expect(try await world.ask() == "done")
            let results = provider.requests[1].lastResults
            #expect(results.map(\.isError) == [true, true, true])
            #expect(results[0].content.contains("no agent bb") && results[2].content.contains("none"))
            #expect(try await world.rows("select count(*) from agentcorp.task") == ["1"])
        }
    }

    @Test("an agent sees and changes only what is below its own task")
    func ownTree() async throws {
        let gate = MockGate()
        let provider = ScriptedProvider { request, _ in
            let say = request.userTexts.last ?? ""
            if say == "wait" {
                await gate.opened()
                return .text("waited")
            }
            guard say.hasPrefix("lead "), let other = Int64(say.dropFirst(5)) else { return .text("ok") }
            switch request.answers {
            case 0:
                return .calls(
                    .call("task__create_task", ["description": "wait"], id: "1"),
                    .call("task__get_task", ["task_id": .integer(other)], id: "2"),
                    .call("task__add_subtask", ["task_id": .integer(other), "description": "x"], id: "3"),
                    .call("task__update_task_status", ["task_id": .integer(other), "status": "cancelled"], id: "4"),
                    .call("task__update_task_status", ["status": "cancelled"], id: "5"),
                    .call(
                        "task__update_task_status", ["status": "in_progress", "progress": 0.5, "message": "half"],
                        id: "6"))
            case 1:
                let results = request.lastResults
                let child = try JSONValue(parsing: results[0].content)["task_id"] ?? .null
                return .calls(
                    .call("task__get_task", ["task_id": child], id: "7"),
                    .call("task__add_subtask", ["task_id": child, "description": "more"], id: "8"),
                    .call("task__update_task_status", ["task_id": child, "status": "cancelled"], id: "9"))
            default: return .text("done")
            }
        }
        try await AgentWorld.run([provider], [["tools": ["task.*"]]]) { world async throws in
            let other = try await world.manager.enqueue(TaskRequest("nobody has this"))
            let task = try await world.manager.ask("a", "lead \(other)")
            #expect(try await world.end(of: task) == "done")
            let refused = provider.requests.first { $0.answers == 1 }?.lastResults ?? []
            #expect(refused.map(\.isError) == [false, true, true, true, true, false])
            #expect(refused[1].content.contains("not one that you have created"))
            let own = provider.requests.first { $0.answers == 2 }?.lastResults ?? []
            #expect(own.map(\.isError) == [false, false, false], "\(own)")
            #expect(own[0].content.contains("state"))
            #expect(
                try await world.rows("select state from agentcorp.tasks where parent_id = \(task)") == ["cancelled"])
            #expect(
                try await world.rows("select state = 'cancelled' x from agentcorp.tasks where id = \(other)") == [
                    "false"
                ])
            gate.open()
        }
    }

    @Test("fifty agents under one budget never exceed it, and every one ends")
    func budget() async throws {
        let provider = ScriptedProvider { request, _ in
            request.userTexts.last == "lead" && request.answers == 0
                ? .calls(
                    (0..<3).map { group in
                        .call(
                            "task__delegate",
                            ["tasks": .array((0..<17).map { ["agent": "b", "prompt": .string("\(group) \($0)")] })],
                            id: "\(group)")
                    })
                : request.answers < 2 && request.tools.count == 1 && request.userTexts.last != "lead"
                    ? .calls(.call("look", id: "l\(request.answers)"))
                    : .text("done", usage: TokenUsage(input: 50, output: 9))
        }
        let look = TestTools().tool("look", parameters: try JSONSchema(["type": "object"]))
        try await AgentWorld.run(
            [provider],
            [
                ["tools": ["task.delegate"], "budget": ["tokens": 14_000, "usd": 0.02]],
                ["name": "b", "tools": ["look"], "max_output_tokens": 300],
            ], tools: [look], workers: 2, concurrency: 25
        ) { world async throws in
            let task = try await world.manager.ask("a", "lead")
            let watching = Task {
                while !Task.isCancelled {
                    let over = try await world.rows(
                        "select count(*) from agentcorp.budget where tokens_spent + tokens_reserved > tokens or usd_spent + usd_reserved > usd"
                    )
                    #expect(over == ["0"])
                }
            }
            _ = try? await world.end(of: task)
            watching.cancel()
            _ = try? await watching.value
            #expect(try await world.rows("select count(*) from agentcorp.task where parent_id = \(task)") == ["51"])
            #expect(
                try await world.rows(
                    """
                    select tokens_spent <= tokens and usd_spent <= usd w, tokens_reserved, usd_reserved = 0 u, turns_reserved,
                        tokens_spent = (select sum(input_tokens + output_tokens) from agentcorp.turn) x, turns_spent = (select count(*) from agentcorp.turn) y
                    from agentcorp.budget
                    """) == ["true|0|true|0|true|true"])
            #expect(
                try await world.rows(
                    "select count(*) > 0 from agentcorp.attempt where error ->> 'reason' in ('budget', 'loop')")
                    == ["true"], "it was too little for all")
        }
    }
}
