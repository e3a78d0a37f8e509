import AgentTestSupport
import JSON
import Queue
import TestSupport
import Testing

/// Plans that nobody in his right mind would write, and inputs from those who mean no good.
@Suite struct HostilePlanTests {
    @Test(
        "a concurrency key that is none fails the run at once", .checkedDatabase,
        arguments: [.string(String(repeating: "k", count: 201)), .null, ""] as [JSONValue])
    func keys(_ key: JSONValue) async throws {
        try await PlanWorld.run { world in
            let run = try await world.start(
                ["t": ["kind": "echo", "args": [:], "key": "{{ input.k }}"]], input: ["k": key])
            let failure = try await world.agents.failure(of: run)
            #expect(failure.message.hasPrefix("key of t: {{ input.k }} has "))
            #expect(failure.reason == "expression")
            #expect(try await world.agents.rows("select max(attempt) from agentcorp.attempt") == ["1"])
        }
    }

    @Test("an input that the database refuses fails the run at once", .checkedDatabase)
    func reserved() async throws {
        try await PlanWorld.run { world in
            let failure = try await world.failure(
                ["t": ["plan": ["tasks": ["i": ["kind": "echo", "args": [:]]]], "with": "{{ input.x }}"]],
                input: ["x": ["$blob": 1]])
            #expect(failure.message.hasPrefix("task t failed: "))
            #expect(failure.message.contains("$blob"))
            #expect(try await world.agents.rows("select max(attempt) from agentcorp.attempt") == ["2"])
        }
    }

    @Test("an output that the database refuses fails the run at once", .checkedDatabase)
    func reservedOutput() async throws {
        try await PlanWorld.run { world in
            let failure = try await world.failure(
                ["t": ["kind": "echo", "args": [:]]], output: "input.x", input: ["x": ["$blob": 1]])
            #expect(failure.message.contains("$blob"))
        }
    }

    @Test(
        "a fan-out over nothing brings nothing, whatever waits for it", .checkedDatabase,
        arguments: ["all", "settled", "any"] as [JSONValue])
    func nothing(_ join: JSONValue) async throws {
        try await PlanWorld.run { world in
            let run = try await world.start(
                [
                    "dig": ["kind": "echo", "args": [:], "each": "input.items", "max_items": 3],
                    "use": ["kind": "echo", "needs": ["dig"], "join": join, "args": ["got": "{{ dig }}"]],
                ], output: "use.got", input: ["items": []])
            #expect(try await world.agents.end(of: run) == [])
        }
    }

    @Test("a quorum over nothing can never be reached, and nothing is voted on", .checkedDatabase)
    func neverReached() async throws {
        try await PlanWorld.run { world in
            let quorum = try await world.failure(
                [
                    "dig": ["kind": "echo", "args": [:], "each": "input.items", "max_items": 3],
                    "use": ["kind": "echo", "needs": ["dig"], "join": ["quorum": 1], "args": [:]],
                ], input: ["items": []])
            #expect(quorum.message.contains("a quorum of 1 cannot be reached with 0 items"))
            for options in [[], [.null, .null]] as [JSONValue] {
                let vote = try await world.failure(
                    ["v": ["vote": ["options": "{{ input.items }}", "voters": ["a"], "rule": "majority"]]],
                    input: ["items": options])
                #expect(vote.message == "task v failed: there is nothing to vote on: all options are null")
            }
        }
    }

    @Test("a run that is cancelled while it is expanded leaves nothing open", .checkedDatabase)
    func cancelled() async throws {
        try await PlanWorld.run(workers: 2) { world in
            for tasks in stride(from: 1, through: 46, by: 5) {
                let run = try await world.start(
                    [
                        "dig": [
                            "plan": [
                                "tasks": [
                                    "a": ["kind": "echo", "args": [:]],
                                    "b": ["kind": "echo", "needs": ["a"], "args": [:], "repeat": ["max": 3]],
                                ]
                            ], "each": "input.items", "max_items": 20, "parallel": 7,
                        ],
                        "after": ["kind": "echo", "needs": ["dig"], "args": [:]],
                    ], input: ["items": .array((0..<20).map { .integer($0) })])
                try await waitUntil("\(tasks) tasks of the run are there") {
                    let counted = try await world.agents.rows(
                        "select count(*) >= \(tasks) from agentcorp.task where root_id = \(run)")
                    return counted == ["true"]
                }
                _ = try await world.manager.cancel(run)
                let open = """
                    select count(*) from agentcorp.tasks where root_id = \(run)
                        and state not in ('completed', 'cancelled', 'failed', 'skipped')
                    """
                try await world.agents.wait(open, "0")
                #expect(try await world.manager.standing(of: run).state == .cancelled)
            }
        }
    }

    @Test("plans in plans, as deep as they may stand in one document", .checkedDatabase)
    func deep() async throws {
        var tasks: JSONValue = ["t": ["kind": "echo", "args": ["x": "{{ input }}"]]]
        var output = "t.x"
        for _ in 0..<15 {
            tasks = ["t": ["plan": ["tasks": tasks, "output": .string(output)]]]
            output = "t"
        }
        let plan = tasks
        try await PlanWorld.run { world in
            let run = try await world.start(plan, output: "t", input: 7)
            try await world.agents.wait("select state from agentcorp.runs where id = \(run)", "completed")
            #expect(try await world.agents.end(of: run) == 7)
            #expect(try await world.agents.rows("select max(depth) from agentcorp.task") == ["16"])
        }
    }

    @Test("numbers beyond all others come back as they were, or are refused", .checkedDatabase)
    func numbers() async throws {
        try await PlanWorld.run { world in
            let run = try await world.start(
                ["t": ["kind": "echo", "args": ["x": "{{ input.x }}"]]], output: "t.x",
                input: ["x": .integer(.max)])
            #expect(try await world.agents.end(of: run) == .integer(.max))
            let id = try await world.agents.rows("select agentcorp.run_plan('test', '{\"x\": 1e400}')")[0]
            let failure = try await world.agents.failure(of: try #require(Int64(id)))
            #expect(failure.message.hasPrefix("the arguments cannot be read: "))
        }
    }
}
