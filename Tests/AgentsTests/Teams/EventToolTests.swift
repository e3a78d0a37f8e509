import AgentTestSupport
import Agents
import JSON
import Postgres
import Providers
import Queue
import TestSupport
import Testing
import Tools

/// Agents that wait for events.
@Suite(.checkedDatabase)
struct EventToolTests {
    /// An agent that makes these calls, and answers with their results, each in a line.
    private static func caller(_ calls: ToolCallRequest...) -> ScriptedProvider {
        ScriptedProvider { request, _ in
            request.answers == 0
                ? .calls(calls) : .text(request.lastResults.map(\.content).joined(separator: "\n"))
        }
    }

    private static func wait(_ arguments: JSONValue, _ id: String = "1") -> ToolCallRequest {
        .call("event__wait", arguments, id: id)
    }

    @Test("an agent waits without a worker until another one publishes the event")
    func parks() async throws {
        let provider = ScriptedProvider { request, _ in
            switch (request.userTexts.last ?? "", request.answers) {
            case ("wait", 0): .calls(Self.wait(["topic": "builds.done"]))
            case ("tell", 0): .calls(.call("event__publish", ["topic": "builds.done", "data": ["number": 7]]))
            default: .text(request.lastResults.last?.content)
            }
        }
        try await AgentWorld.run([provider], [["tools": ["event.*"]]], concurrency: 1) { world async throws in
            let waiting = try await world.manager.ask("a", "wait")
            try await world.wait("select state from agentcorp.tasks where id = \(waiting)", "waiting")
            // The one place there is is free.
            _ = try await world.ask("tell")
            let result = try JSONValue(parsing: try await world.end(of: waiting).string ?? "")
            #expect(result["topic"] == "builds.done" && result["data"] == ["number": 7], "\(result.text)")
            // One answer that asks for the wait, one with what came of it: nothing was asked twice.
            #expect(try await world.rows("select count(*) from agentcorp.turn where task_id = \(waiting)") == ["2"])
        }
    }

    @Test("with a key the event may be there already; without one only what comes later counts, and time runs out")
    func keys() async throws {
        let provider = Self.caller(
            Self.wait(["topic": "orders.paid", "key": "42"], "1"),
            Self.wait(["topic": "orders.paid", "wait_seconds": 0.2], "2"),
            Self.wait(["topic": "orders.*"], "3"), Self.wait(["topic": "a", "key": "b", "matching": ["c": 1]], "4"))
        try await AgentWorld.run([provider], [["tools": ["event.wait"]]]) { world async throws in
            _ = try await world.manager.emitEvent("orders.paid", data: .init(#"{"total": 30}"#), key: "42")
            let lines = try await world.ask().string?.split(separator: "\n") ?? []
            try #require(lines.count == 4, "\(lines)")
            #expect(lines[0].contains(#""data":{"total":30}"#) && lines[0].contains(#""key":"42""#))
            #expect(lines[1] == #"{"timed_out":true}"#)
            #expect(lines[2].contains("topic") && lines[2].contains("*"), "\(lines[2])")
            #expect(lines[3].contains("not both"))
        }
    }

    @Test("only an event that matches ends the wait; waits beside each other miss nothing while one of them goes on")
    func matching() async throws {
        let provider = Self.caller(
            Self.wait(["topic": "alerts.db", "matching": ["severity": 5]], "1"),
            Self.wait(["topic": "alerts.web"], "2"))
        try await AgentWorld.run([provider], [["tools": ["event.wait"]]]) { world async throws in
            let task = try await world.manager.ask("a", "do it")
            try await world.wait("select count(*) from agentcorp.wait", "2")
            for (topic, severity) in [("alerts.db", 1), ("alerts.web", 3), ("alerts.db", 5)] {
                _ = try await world.manager.emitEvent(topic, data: .init("{\"severity\": \(severity)}"))
            }
            let lines = try await world.end(of: task).string?.split(separator: "\n") ?? []
            try #require(lines.count == 2, "\(lines)")
            #expect(lines[0].contains(#""severity":5"#) && lines[1].contains(#""severity":3"#))
        }
    }

    @Test("what came with an event is a stranger's word; that none has come is not")
    func taint() async throws {
        for (topic, tainted) in [("ours", "true"), ("nothing", "false")] {
            let provider = Self.caller(Self.wait(["topic": .string(topic), "key": "k", "wait_seconds": 0]))
            try await AgentWorld.run([provider], [["tools": ["event.wait"]]]) { world async throws in
                _ = try await world.manager.emitEvent("ours", data: .init("1"), key: "k")
                let task = try await world.manager.ask("a", "do it")
                _ = try await world.end(of: task)
                #expect(
                    try await world.rows("select tainted from agentcorp.agent_run where task_id = \(task)") == [tainted]
                )
            }
        }
    }
}
