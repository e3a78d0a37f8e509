import JSON
import MockServer
import Postgres
import TestSupport
import Testing

/// Workers that are killed while people are asked, and right after they have decided: what was approved happens once, and
/// no model is asked again.
@Suite(.checkedDatabase, .serialized)
struct ApprovalKillTests {
    /// Where a worker dies.
    enum Moment: CaseIterable {
        /// People are asked, and the task still runs.
        case parking
        case parked
        /// The decision is there, and the task runs again.
        case decided
    }

    /// One whose agents call `desk.send` in their first answer and are done in their second.
    private func withFleet(_ body: (AgentFleet) async throws -> Void) async throws {
        let model = try await MockServer.start { request in
            Self.answers(in: request) == 0 && request.json.text.contains("send it")
                ? MockOpenAI.calls(MockCall("desk__send", ["id": "7"])) : MockOpenAI.text("done")
        }
        try await TestDatabase.current.withPool { pool in
            let fleet = try AgentFleet(pool, model: model)
            try await fleet.putAgent(["approvals": ["tools": ["desk.send"]]])
            try await body(fleet)
        }
    }

    private static func answers(in request: MockRequest) -> Int {
        guard case .array(let messages)? = request.json["messages"] else { return -1 }
        return messages.count { $0["role"]?.string == "assistant" }
    }

    /// Waits for the question, decides it, and kills the worker at the moment.
    ///
    /// - Parameter resumes: The change by which the task shows that it goes on by the decision.
    private func decide(
        _ fleet: AgentFleet, _ arguments: String, of kind: String, killingAt moment: Moment,
        resumes: (event: String, table: String, condition: String)
    ) async throws {
        let task =
            "(select id from agentcorp.task where kind = '\(kind)' and id = (select task_id from agentcorp.approval))"
        let decide = "select agentcorp.decide((select id from agentcorp.approval), \(arguments))"
        switch moment {
        case .parking:
            let stop = try await fleet.stop("insert", on: "attempt", when: "new.outcome = 12 and new.task_id <> 1")
            let worker = try fleet.startWorker()
            try await stop.reached()
            worker.kill()
            try await stop.lift()
            _ = try await fleet.pool.query(decide)
        case .parked:
            let worker = try fleet.startWorker()
            try await fleet.wait("select state from agentcorp.tasks where id = \(task)", "waiting")
            worker.kill()
            _ = try await fleet.pool.query(decide)
        case .decided:
            let worker = try fleet.startWorker()
            try await fleet.wait("select state from agentcorp.tasks where id = \(task)", "waiting")
            let stop = try await fleet.stop(resumes.event, on: resumes.table, when: resumes.condition)
            _ = try await fleet.pool.query(decide)
            try await stop.reached()
            worker.kill()
            try await stop.lift()
        }
        try fleet.startWorker()
    }

    @Test("a call that people are asked about is made once, wherever its worker dies", arguments: Moment.allCases)
    func call(_ moment: Moment) async throws {
        try await withFleet { fleet in
            // Another task first, so that its number is not that of the root.
            _ = try await fleet.pool.query("select agentcorp.enqueue('noop')")
            let task = try await fleet.ask("send it")
            try await decide(
                fleet, "'edit', 'ann', edited => '{\"id\": \"8\"}'", of: "agent", killingAt: moment,
                resumes: ("update", "tool_call", "new.state = 'started'"))
            try await fleet.waitForEnd(of: task)
            #expect(fleet.calls == ["send 8", "send 8 done"])
            #expect(fleet.model.requests.map(Self.answers) == [0, 1])
            #expect(
                try await fleet.rows("select state, decision, decided_by from agentcorp.approvals")
                    == ["decided|edit|ann"])
            #expect(
                try await fleet.rows(
                    "select turns_spent, turns_reserved from agentcorp.budget where task_id = \(task)") == ["2|0"])
        }
    }

    @Test("a plan that waits for a person goes on once, wherever its worker dies", arguments: Moment.allCases)
    func plan(_ moment: Moment) async throws {
        let plan: JSONValue = [
            "plan": "mail",
            "tasks": [
                "write": ["agent": "a", "prompt": "write it"],
                "ask": ["needs": ["write"], "approve": ["title": "Send {{ write }}?"]],
                "send": [
                    "needs": ["ask"], "when": "ask.decision == 'approve'", "tool": "desk.send", "args": ["id": "9"],
                ],
            ],
            "output": "[ask.by, send]",
        ]
        try await withFleet { fleet in
            _ = try await fleet.pool.query("select agentcorp.put_plan('mail', $1)", [PostgresJSON(plan.bytes)])
            let run = try await fleet.pool.query("select agentcorp.run_plan('mail', '{}')").rows[0].int64(0)
            try await decide(
                fleet, "'approve', 'ann'", of: "approve", killingAt: moment,
                resumes: ("insert", "output", "new.result ->> 'decision' = 'approve'"))
            try await fleet.waitForEnd(of: run)
            #expect(fleet.calls == ["send 9", "send 9 done"])
            #expect(fleet.model.requests.count == 1)
            #expect(try await fleet.rows("select count(*), max(decision) from agentcorp.approval") == ["1|approve"])
            #expect(try await fleet.rows("select agentcorp.output_of(\(run)) ->> 0") == ["ann"])
        }
    }
}
