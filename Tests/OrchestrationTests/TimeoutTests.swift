import AgentTestSupport
import Agents
import JSON
import Postgres
import Queue
import TestSupport
import Testing

/// The time that a task has which only waits for others.
@Suite struct TimeoutTests {
    private static let never: JSONValue = ["wait": ["topic": "never"]]
    private static let stuck: JSONValue = ["tasks": ["inner": never]]

    /// Tasks named `slow` that end by their timeout alone.
    private static let slow: [JSONValue] = [
        ["plan": stuck, "timeout": "1h"],
        ["each": "[1, 2]", "plan": stuck, "timeout": "1h"],
        ["each": "[1, 2]", "approve": ["title": "{{ item }}?"], "timeout": "1h"],
        ["repeat": ["until": "false", "max": 3], "plan": stuck, "timeout": "1h"],
        [
            "vote": ["options": ["x", "y"], "question": "which?", "voters": ["a", "b", "c"], "rule": "plurality"],
            "timeout": "1h",
        ],
        ["approve": ["title": "may it?"], "timeout": "1h"],
        ["approve": ["title": "may it?", "expires": "5h", "default": "approve"], "timeout": "1h"],
        ["wait": ["topic": "never"], "timeout": "1h"],
        ["wait": ["topic": "never", "for": "5h"], "timeout": "1h"],
        ["wait": ["for": "5h"], "timeout": "1h"],
    ]

    /// Whose agents never answer.
    private func run(_ body: (PlanWorld) async throws -> Void) async throws {
        try await PlanWorld.run(
            ["a", "b", "c"].map { ["name": $0] }, answering: { _, _ in try await untilCancelled() }, body)
    }

    /// Waits until nothing of a run can go on by itself.
    private func waitUntilStuck(_ world: PlanWorld) async throws {
        try await world.agents.wait(
            """
            select count(*) > 1 and not bool_or(state = 'ready' or state = 'running' and kind <> 'agent') and count(*) filter (where kind in ('approve', 'wait', 'agent')) > 0
            from agentcorp.tasks
            """, "true")
    }

    @Test(
        "what only waits for others fails when its time is over, and what is below it is cancelled", .checkedDatabase,
        arguments: slow)
    func ends(_ slow: JSONValue) async throws {
        var run: Int64 = 0
        try await self.run { world in
            run = try await world.start(["slow": slow, "next": ["kind": "echo", "needs": ["slow"], "args": [:]]])
            try await waitUntilStuck(world)
            #expect(try await world.agents.rows("select count(*) from agentcorp.tasks where state = 'failed'") == ["0"])
        }
        try await TestDatabase.current.shiftClock("61 minutes")
        try await self.run { world in
            let failure = try await world.agents.failure(of: run)
            #expect(failure.message == "task slow failed: timed out after 1h")
            #expect(
                try await world.agents.rows(
                    "select error ->> 'reason' from agentcorp.attempt where outcome = 2 and task_id <> \(run)")
                    == ["timeout"])
            #expect(
                try await world.agents.rows(
                    """
                    select count(*) from agentcorp.tasks
                    where root_id = \(run) and id <> \(run) and name <> 'slow' and state not in ('cancelled', 'completed')
                    """) == ["0"])
            #expect(try await world.manager.approvals().isEmpty)
        }
    }

    @Test("a timeout is a failure like others: absorbed where the plan says so", .checkedDatabase)
    func absorbed() async throws {
        var run: Int64 = 0
        try await self.run { world in
            run = try await world.start(
                [
                    "slow": ["plan": Self.stuck, "timeout": "1h", "on_error": ["run": "other"]],
                    "other": ["kind": "echo", "args": ["why": "{{ error.reason }}"]],
                ], output: "slow.why")
            try await waitUntilStuck(world)
        }
        try await TestDatabase.current.shiftClock("61 minutes")
        try await self.run { world in
            let output = try await world.agents.end(of: run)
            #expect(output == "timeout")
        }
    }

    @Test(
        "the time begins with the task, and is not over when it ends before; retried, it begins anew", .checkedDatabase)
    func begins() async throws {
        let slow: JSONValue = [
            "plan": ["tasks": ["inner": ["wait": ["topic": "go", "key": "1"]]]], "needs": ["first"], "timeout": "1h",
        ]
        let tasks: JSONValue = ["first": ["wait": ["topic": "first", "key": "1"]], "slow": slow]
        var run: Int64 = 0
        try await self.run { world in
            run = try await world.start(tasks)
            try await waitUntilStuck(world)
        }
        try await TestDatabase.current.shiftClock("2 hours")
        try await self.run { world in
            _ = try await world.agents.pool.query("select agentcorp.emit_event('first', key => '1')")
            try await world.agents.wait("select state from agentcorp.tasks where name = 'inner'", "waiting")
        }
        try await TestDatabase.current.shiftClock("4 hours")
        try await self.run { world in
            #expect(try await world.agents.failure(of: run).message == "task slow failed: timed out after 1h")
            try await world.manager.retryRun(run)
            try await world.agents.wait("select state from agentcorp.tasks where name = 'inner'", "waiting")
            try await world.agents.wait("select state from agentcorp.tasks where name = 'slow'", "waiting")
            _ = try await world.agents.pool.query("select agentcorp.emit_event('go', key => '1')")
            _ = try await world.agents.end(of: run)
            #expect(try await world.states(of: run) == ["first completed", "inner completed", "slow completed"])
            // Nobody is woken for it any more.
            #expect(try await world.agents.rows("select (agentcorp.due(0::smallint)).expire_ms is null") == ["true"])
        }
    }
}
