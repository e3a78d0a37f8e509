import Foundation
import JSON
import MockServer
import Postgres
import TestSupport
import Testing

/// Workers that are killed at each point of a turn: no answer that is there is paid for again, nothing that happens once
/// happens twice, nothing is lost.
@Suite(.checkedDatabase, .serialized)
struct AgentKillTests {
    /// One that calls a tool in its first answer and is done in its second.
    private static func model(_ tools: String..., first: MockAnswer? = nil) async throws -> MockServer {
        try await MockServer.start { request in
            if request.number == 0, let first { return first }
            return answers(in: request) == 0
                ? MockOpenAI.stream(
                    MockOpenAI.chunks(
                        calls: tools.enumerated().map { MockCall("desk__" + $1, id: "call_\($0)") }))
                : MockOpenAI.text("done")
        }
    }

    /// How many answers the conversation of a request has.
    private static func answers(in request: MockRequest) -> Int {
        guard case .array(let messages)? = request.json["messages"] else { return -1 }
        return messages.count { $0["role"]?.string == "assistant" }
    }

    private func withFleet(_ model: MockServer, _ body: (AgentFleet) async throws -> Void) async throws {
        try await TestDatabase.current.withPool { pool in
            let fleet = try AgentFleet(pool, model: model)
            try await fleet.putAgent()
            try await body(fleet)
        }
    }

    /// - Parameters:
    ///   - requests: How often the model was asked with no, one, two, ... answers in the conversation.
    ///   - lost: Model calls that were paid for and brought nothing.
    private func check(
        _ fleet: AgentFleet, _ task: Int64, requests: [Int], lost: Int, calls: Int = 1,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let asked = fleet.model.requests.map(Self.answers)
        for (answers, count) in requests.enumerated() {
            #expect(asked.count { $0 == answers } == count, "\(asked)", sourceLocation: sourceLocation)
        }
        #expect(
            try await fleet.rows(
                "select count(*), count(result), count(distinct (turn, idx)) from agentcorp.tool_call where task_id = \(task)"
            ) == ["\(calls)|\(calls)|\(calls)"], sourceLocation: sourceLocation)
        #expect(
            try await fleet.rows("select count(*) from agentcorp.reservation") == ["0"], sourceLocation: sourceLocation)
        #expect(
            try await fleet.rows(
                """
                select turns_spent - (select count(*) from agentcorp.turn t where t.task_id = b.task_id) lost,
                    tokens_spent - (select sum(input_tokens + output_tokens) from agentcorp.turn t where t.task_id = b.task_id) > 8000 * \(lost) - 1 paid,
                    tokens_reserved, turns_reserved from agentcorp.budget b where task_id = \(task)
                """) == ["\(lost)|true|0|0"], sourceLocation: sourceLocation)
    }

    @Test("before the request reaches the model: another worker makes it")
    func beforeRequest() async throws {
        // Connections are accepted by the kernel, and nobody reads what they say.
        let silent = try SilentServer()
        try await withFleet(try await Self.model("look")) { fleet in
            let worker = try fleet.startWorker(port: Int(silent.port))
            let task = try await fleet.ask()
            try await fleet.wait("select count(*) from agentcorp.reservation", "1")
            worker.kill()
            try fleet.startWorker()
            try await fleet.waitForEnd(of: task)
            try await check(fleet, task, requests: [1, 1], lost: 1)
            #expect(fleet.calls == ["look", "look done"])
        }
    }

    @Test("in the middle of an answer: it is made again, and what broke off is paid for")
    func midStream() async throws {
        let half = MockOpenAI.text("half of a very long answer").cut(after: 4, then: .stall)
        try await withFleet(try await Self.model("look", first: half)) { fleet in
            let worker = try fleet.startWorker()
            let task = try await fleet.ask()
            try await fleet.wait("select count(*) from agentcorp.partial where text <> ''", "1")
            worker.kill()
            try fleet.startWorker()
            try await fleet.waitForEnd(of: task)
            try await check(fleet, task, requests: [2, 1], lost: 1)
            #expect(try await fleet.rows("select count(*) from agentcorp.partial") == ["0"])
        }
    }

    @Test("after the answer is committed and before its tools run: nobody is asked again", arguments: ["look", "send"])
    func afterTurn(_ tool: String) async throws {
        try await withFleet(try await Self.model(tool)) { fleet in
            let stop = try await fleet.stop("update", on: "tool_call", when: "new.state = 'started'")
            let worker = try fleet.startWorker()
            let task = try await fleet.ask()
            try await stop.reached()
            worker.kill()
            try await stop.lift()
            try fleet.startWorker()
            try await fleet.waitForEnd(of: task)
            try await check(fleet, task, requests: [1, 1], lost: 0)
            #expect(fleet.calls == [tool, "\(tool) done"], "it had not begun, so it runs")
        }
    }

    @Test("between start and result of a tool that may run again: it does", arguments: ["look", "put"])
    func duringTool(_ tool: String) async throws {
        try await withFleet(try await Self.model(tool)) { fleet in
            try fleet.hold()
            let worker = try fleet.startWorker()
            let task = try await fleet.ask()
            try await waitUntil("the tool") { fleet.calls == [tool] }
            worker.kill()
            try fleet.startWorker()
            try await waitUntil("the tool again") { fleet.calls.count >= 2 }
            try fleet.release()
            try await fleet.waitForEnd(of: task)
            try await check(fleet, task, requests: [1, 1], lost: 0)
            #expect(fleet.calls.count { $0 == tool } == 2)
            #expect(
                try await fleet.rows("select state, attempt from agentcorp.tool_call") == ["succeeded|2"])
        }
    }

    @Test(
        "between start and result of a tool that happens once: it does not run again without a person's word",
        arguments: ["verify", "ask"], ["again", "respond", "fail"])
    func duringOnce(_ policy: String, _ decision: String) async throws {
        try await withFleet(try await Self.model("send")) { fleet in
            try await fleet.putAgent(["ambiguous": .string(policy)])
            try fleet.hold()
            let worker = try fleet.startWorker()
            let task = try await fleet.ask()
            try await waitUntil("the tool") { fleet.calls == ["send"] }
            worker.kill()
            try fleet.release()
            try fleet.startWorker()
            try await fleet.wait("select reason, decided_at from agentcorp.approval", "ambiguous|")
            #expect(try await fleet.rows("select state, result from agentcorp.tool_call") == ["ambiguous|"])
            _ = try await fleet.pool.query(
                "select agentcorp.decide((select id from agentcorp.approval), $1, 'ann', 'I have looked')", [decision])
            try await fleet.waitForEnd(of: task)
            try await check(fleet, task, requests: [1, 1], lost: 0)
            #expect(fleet.calls.count { $0 == "send" } == (decision == "again" ? 2 : 1))
            let told = try await fleet.rows("select result ->> 'content' from agentcorp.tool_call")[0]
            switch decision {
            case "again": #expect(told.contains("send is done"))
            case "respond": #expect(told == "I have looked")
            default: #expect(told.contains("interrupted") && told.contains("I have looked"))
            }
        }
    }

    @Test("with the policy fail the task fails, and the tool does not run again")
    func duringOnceFail() async throws {
        try await withFleet(try await Self.model("send")) { fleet in
            try await fleet.putAgent(["ambiguous": "fail"])
            try fleet.hold()
            let worker = try fleet.startWorker()
            let task = try await fleet.ask()
            try await waitUntil("the tool") { fleet.calls == ["send"] }
            worker.kill()
            try fleet.release()
            try fleet.startWorker()
            try await fleet.waitForEnd(of: task, "failed")
            #expect(fleet.calls.count { $0 == "send" } == 1 && fleet.model.requests.count == 1)
            #expect(
                try await fleet.rows(
                    "select error ->> 'reason' from agentcorp.attempt where outcome = 2") == ["ambiguous"])
            #expect(try await fleet.rows("select count(*) from agentcorp.reservation") == ["0"])
        }
    }

    @Test("after the result and before the next request: nothing is done twice", arguments: ["look", "put", "send"])
    func afterResult(_ tool: String) async throws {
        try await withFleet(try await Self.model(tool)) { fleet in
            let stop = try await fleet.stop("insert", on: "reservation", when: "new.seq = 2")
            let worker = try fleet.startWorker()
            let task = try await fleet.ask()
            try await stop.reached()
            worker.kill()
            try await stop.lift()
            try fleet.startWorker()
            try await fleet.waitForEnd(of: task)
            try await check(fleet, task, requests: [1, 1], lost: 0)
            #expect(fleet.calls == [tool, "\(tool) done"])
        }
    }

    @Test("a whole answer that was not committed is asked for again; several tools go on where they were")
    func beforeCommit() async throws {
        try await withFleet(try await Self.model("put", "look", "look", "put")) { fleet in
            let stop = try await fleet.stop("insert", on: "turn", when: "new.seq = 1")
            let worker = try fleet.startWorker()
            let task = try await fleet.ask()
            try await stop.reached()
            worker.kill()
            try await stop.lift()
            try fleet.hold()
            let second = try fleet.startWorker()
            try await waitUntil("the first tool") { fleet.calls == ["put"] }
            try fleet.release()
            try await waitUntil("the others") { fleet.calls.contains("look done") }
            second.kill()
            try fleet.startWorker()
            try await fleet.waitForEnd(of: task)
            try await check(fleet, task, requests: [2, 1], lost: 1, calls: 4)
        }
    }

    @Test("an agent that waits for those to which it has delegated survives the death of its worker, and of theirs")
    func delegation() async throws {
        let model = try await MockServer.start { request in
            guard case .array(let messages)? = request.json["messages"] else { return .hangUp }
            let isLead = messages.contains {
                $0["role"]?.string == "user" && $0["content"]?.text.contains("lead") == true
            }
            switch (isLead, Self.answers(in: request)) {
            case (true, 0):
                return MockOpenAI.calls(
                    MockCall(
                        "task__delegate",
                        ["tasks": [["agent": "a", "prompt": "one"], ["agent": "a", "prompt": "two"]]]))
            case (false, 0): return MockOpenAI.calls(MockCall("desk__look"))
            default: return MockOpenAI.text("done")
            }
        }
        try await withFleet(model) { fleet in
            try await fleet.putAgent(["tools": ["desk.look", "task.delegate"]])
            try fleet.hold()
            try fleet.startWorker()
            let task = try await fleet.ask("lead")
            try await waitUntil("both tools") { fleet.calls.count == 2 }
            try await fleet.waitForEnd(of: task, "waiting")
            fleet.killWorkers()
            try fleet.release()
            try fleet.startWorker()
            try await fleet.waitForEnd(of: task)
            #expect(
                try await fleet.rows(
                    "select count(*), count(distinct name) from agentcorp.task where parent_id = \(task)")
                    == ["2|2"])
            #expect(fleet.calls.count { $0 == "look" } == 4, "what was interrupted has run again")
            #expect(model.requests.map(Self.answers).sorted() == [0, 0, 0, 1, 1, 1])
            #expect(
                try await fleet.rows(
                    "select turns_spent, turns_reserved from agentcorp.budget where task_id = \(task)") == ["6|0"])
        }
    }
}
