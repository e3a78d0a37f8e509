import AgentTestSupport
import Agents
import JSON
import Orchestration
import Postgres
import Providers
import TestSupport
import Testing
import Tools
import Worker

/// What comes from outside stays a stranger's word, through whatever tasks of a plan it goes.
@Suite struct TaintTests {
    private static let look = TestTools().tool("look", isTainting: true)

    /// The agents that are tainted in the end, sorted.
    private func tainted(_ tasks: JSONValue) async throws -> [String] {
        try await run(tasks) { world, run in try await tainted(run, world) }
    }

    private func tainted(_ run: Int64, _ world: PlanWorld) async throws -> [String] {
        try await world.agents.rows(
            "select r.agent from agentcorp.agent_run r join agentcorp.task t on t.id = r.task_id where r.tainted and t.root_id = \(run) order by 1"
        )
    }

    private func run(
        _ tasks: JSONValue, _ body: (PlanWorld, Int64) async throws -> [String]
    ) async throws -> [String] {
        try await PlanWorld.run(
            [
                ["name": "reader", "role": "reader", "tools": ["look"]], ["name": "writer"], ["name": "other"],
                ["name": "lead"],
            ], tools: [Self.look], kinds: { $0.register("http") { _ in .completed(PostgresJSON("\"answer\"")) } },
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
            _ = try await world.agents.rows("select agentcorp.emit_event('news', '{}', key => '1')")
            let run = try await world.start(tasks)
            _ = try await world.agents.end(of: run)
            return try await body(world, run)
        }
    }

    @Test(
        "an agent that needs a fan-out, a choice by role, a loop or a call of a tool that has read it, an event or a request",
        .checkedDatabase,
        arguments: [
            ["agent": "reader", "prompt": "{{ item }}", "each": "[1, 2]", "max_items": 2],
            ["agent": ["role": "reader"], "prompt": "x"],
            ["agent": "reader", "prompt": "x", "repeat": ["max": 1]],
            ["plan": ["tasks": ["inner": ["agent": "reader", "prompt": "x"]]]],
            ["tool": "look", "args": [:]],
            ["wait": ["topic": "news", "key": "1"]],
            ["kind": "http", "args": ["url": "https://example.com"]],
        ] as [JSONValue])
    func needed(_ source: JSONValue) async throws {
        let found = try await tainted([
            "source": source, "use": ["agent": "writer", "needs": ["source"], "prompt": "{{ source }}"],
            "beside": ["agent": "other", "prompt": "x"],
        ])
        #expect(Set(found) == (source["agent"] == nil && source["plan"] == nil ? ["writer"] : ["reader", "writer"]))
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
    @Test(
        "an agent that is told of it through tasks that have no agents, or by way of one that was skipped",
        .checkedDatabase,
        arguments: [
            [
                "first": ["kind": "echo", "needs": ["source"], "args": ["x": "{{ source }}"]],
                "last": ["kind": "echo", "needs": ["first"], "args": ["x": "{{ first }}"]],
            ],
            ["last": ["agent": "other", "needs": ["source"], "when": "false", "prompt": "x"]],
            [
                "first": ["kind": "echo", "needs": ["source"], "args": ["x": "{{ source }}"]],
                "last": [
                    "needs": ["first"], "with": "{{ first }}",
                    "plan": ["tasks": ["inner": ["kind": "echo", "args": ["x": "{{ input }}"]]]],
                ],
            ],
        ] as [JSONValue])
    func passedOn(_ between: JSONValue) async throws {
        var tasks = try #require(between.members)
        tasks["source"] = ["agent": "reader", "prompt": "x"]
        tasks["beside"] = ["kind": "echo", "args": [:]]
        tasks["free"] = ["agent": "other", "needs": ["beside"], "prompt": "x"]
        tasks["use"] = ["agent": "writer", "needs": ["last"], "prompt": "{{ last }} {{ source }}"]
        #expect(try await tainted(.object(tasks)) == ["reader", "writer"])
    }

    @Test(
        "an agent in a fork that shares, somewhere below what it needs, what was read in the original", .checkedDatabase
    )
    func forked() async throws {
        let found = try await run([
            "box": [
                "plan": [
                    "tasks": [
                        "read": ["agent": "reader", "prompt": "x"],
                        "pass": ["kind": "echo", "needs": ["read"], "args": ["x": "{{ read }}"]],
                    ]
                ]
            ],
            "use": ["agent": "writer", "needs": ["box"], "prompt": "{{ box.pass.x }}"],
        ]) { world, run in
            let fork = try await world.orchestrator.fork(run, at: ["box/pass"])
            _ = try await world.agents.end(of: fork)
            #expect(try await world.orchestrator.sharedTasks(of: fork).keys.sorted() == ["box/read"])
            // A fork of the fork has it from the original of that.
            let second = try await world.orchestrator.fork(fork, at: ["box/pass"])
            _ = try await world.agents.end(of: second)
            return try await tainted(fork, world) + tainted(second, world)
        }
        #expect(found == ["writer", "writer"])
    }

    @Test("an agent that is told of what started the run, but no other", .checkedDatabase)
    func triggered() async throws {
        let found = try await run(["beside": ["agent": "other", "prompt": "x"]]) { world, _ in
            let plan: JSONValue = [
                "plan": "started", "version": 1,
                "tasks": [
                    "use": ["agent": "writer", "prompt": "{{ trigger.text }}"],
                    "box": [
                        "plan": ["tasks": ["inner": ["agent": "lead", "prompt": "{{ input }}"]]],
                        "with": "{{ trigger }}",
                    ],
                    "free": ["agent": "other", "prompt": "x"],
                ],
            ]
            _ = try await world.orchestrator.load(plan, named: "started")
            let run = try await world.agents.rows(
                "select run_id from agentcorp.start_plan('started', '1', trigger => '{\"text\": \"x\"}')")
            let id = try #require(Int64(run[0]))
            _ = try await world.agents.end(of: id)
            return try await tainted(id, world)
        }
        #expect(found == ["lead", "writer"])
    }

    @Test("an agent whose plan speaks of a memory that was written by one that has read it", .checkedDatabase)
    func remembered() async throws {
        let found = try await run(["source": ["agent": "reader", "prompt": "x"]]) { world, run in
            let task = try await world.agents.rows("select id from agentcorp.task where name = 'source'")[0]
            _ = try await Memory(world.agents.pool, .global, as: Int64(task)).set("news", "told")
            let next = try await world.start([
                "use": ["agent": "writer", "prompt": "{{ memory.global.news }}"],
                "box": [
                    "plan": ["tasks": ["inner": ["agent": "lead", "prompt": "{{ input }}"]]],
                    "with": "{{ memory.global.news }}",
                ],
                "free": ["agent": "other", "prompt": "see {{ memory.global.other }}"],
            ])
            _ = try await world.agents.end(of: next)
            return try await tainted(next, world)
        }
        #expect(found == ["lead", "writer"])
    }
}
