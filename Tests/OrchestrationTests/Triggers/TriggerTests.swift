import AgentTestSupport
import JSON
import Orchestration
import Queue
import TestSupport
import Testing

@Suite struct TriggerTests {
    private static func load(_ world: PlanWorld, on triggers: JSONValue) async throws {
        try await world.orchestrator.load(
            [
                "plan": "incident", "on": triggers, "tasks": ["a": ["kind": "echo", "args": ["got": "{{ trigger }}"]]],
                "output": "a",
            ],
            named: "incident")
    }

    private static func emit(_ world: PlanWorld, _ topic: String, _ data: JSONValue) async throws {
        _ = try await world.agents.rows("select agentcorp.emit_event('\(topic)', '\(data.text)')")
    }

    private static let deciding = """
        select string_agg(state || coalesce(' ' || (error ->> 'message'), ''), ', ' order by id) from agentcorp.tasks where kind = 'plan_trigger'
        """
    private static let runs = """
        select string_agg(o.result::text, ', ' order by t.id) from agentcorp.tasks t join agentcorp.output o on o.task_id = t.id
        where t.kind = 'plan' and t.state = 'completed'
        """

    @Test(
        "an event for which `where` holds starts the run, once for each key; the others are skipped", .checkedDatabase)
    func topics() async throws {
        try await PlanWorld.run { world in
            try await Self.load(
                world, on: [["topic": "alerts.*", "where": "event.severity >= 3", "key": "{{ event.id }}"]])
            try await Self.emit(world, "alerts.disk", ["id": 7, "severity": 4])
            try await world.agents.wait(Self.runs, #"{"got": {"id": 7, "severity": 4}}"#)
            try await Self.emit(world, "alerts.disk", ["id": 8, "severity": 2])
            try await Self.emit(world, "alerts.net", ["id": 7, "severity": 5])
            try await world.agents.wait(Self.deciding, "completed, skipped where: event.severity >= 3, completed")
            #expect(
                try await world.agents.rows("select key, count(*) from agentcorp.plan_starts group by 1") == ["key 7|1"]
            )
            #expect(try await world.agents.rows("select count(*) from agentcorp.task where kind = 'plan'") == ["1"])
            #expect(
                try await world.agents.rows("select count(*) from agentcorp.step where name = 'where'") == ["3"])
        }
    }

    @Test("a burst starts one run, with the last event", .checkedDatabase)
    func bursts() async throws {
        try await PlanWorld.run { world in
            try await Self.load(world, on: [["topic": "alerts", "key": "{{ event.id }}", "debounce": "1h"]])
            for n in 1...5 { try await Self.emit(world, "alerts", ["id": "x", "n": .integer(Int64(n))]) }
            try await world.agents.wait(
                "select count(*) from agentcorp.tasks where kind = 'plan_trigger' and state = 'completed'", "5")
            #expect(try await world.agents.rows(Self.runs) == [""])
        }
        try await TestDatabase.current.shiftClock("61 minutes")
        try await PlanWorld.run { world in
            try await world.agents.wait(Self.runs, #"{"got": {"n": 5, "id": "x"}}"#)
            #expect(
                try await world.agents.rows(
                    "select count(*) from agentcorp.tasks where kind = 'plan' and state = 'completed'") == ["1"])
        }
    }

    @Test("a trigger that cannot be read fails its task; for a plan that is gone it is skipped", .checkedDatabase)
    func broken() async throws {
        try await PlanWorld.run { world in
            try await Self.load(world, on: [["topic": "alerts", "where": "event.severity >="]])
            try await Self.emit(world, "alerts", [:])
            try await world.agents.wait("select state from agentcorp.tasks where kind = 'plan_trigger'", "failed")
            _ = try await world.agents.rows(
                """
                select agentcorp.enqueue('plan_trigger', '{"plan": "gone", "trigger": "t", "on": {}, "event": {"id": 1, "data": 1}}')
                """)
            try await world.agents.wait(
                "select string_agg(state, ' ' order by id) from agentcorp.tasks where kind = 'plan_trigger'",
                "failed skipped")
        }
    }
}
