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

/// Conversations that outlive their tasks.
@Suite(.checkedDatabase)
struct SessionTests {
    /// Answers with how many messages it was shown, and the last thing that the user said.
    private let provider = ScriptedProvider { request, _ in
        .text("\(request.messages.count): \(request.userTexts.last ?? "")")
    }

    @Test("a session goes on over tasks, which run one after the other in their order")
    func goesOn() async throws {
        let gate = MockGate()
        let provider = ScriptedProvider { request, _ in
            if request.userTexts == ["one"] { await gate.opened() }
            return .text("\(request.messages.count): \(request.userTexts.last ?? "")")
        }
        try await AgentWorld.run([provider], workers: 2) { world async throws in
            let tasks = try await [
                world.manager.ask("a", "one", session: "s"), world.manager.ask("a", "two", session: "s"),
                world.manager.ask("a", "three", session: "s"),
            ]
            let alone = try await world.manager.ask("a", "alone")
            #expect(try await world.end(of: alone) == "1: alone", "others do not wait")
            #expect(!provider.requests.contains { $0.userTexts.last == "two" })
            gate.open()
            #expect(try await world.end(of: tasks[2]) == "5: three")
            #expect(try await world.end(of: tasks[1]) == "3: two")
            #expect(try await world.end(of: tasks[0]) == "1: one")
            let messages = try await world.manager.messages(ofSession: "s")
            #expect(messages.count == 6)
            #expect(try await world.manager.messages(ofSession: "s", task: tasks[1]).count == 2)
        }
    }

    @Test("a fork goes its own way; a cleared session begins anew")
    func forkAndClear() async throws {
        try await AgentWorld.run([provider]) { world async throws in
            func say(_ text: String, _ session: String) async throws -> JSONValue {
                try await world.end(of: try await world.manager.ask("a", text, session: session))
            }
            #expect(try await say("one", "s") == "1: one")
            #expect(try await say("two", "s") == "3: two")
            try await world.manager.forkSession("s", as: "t", at: 2)
            #expect(try await say("three", "t") == "3: three")
            #expect(try await say("four", "s") == "5: four")
            try await world.manager.clearSession("s")
            #expect(try await say("five", "s") == "1: five")
            #expect(try await say("six", "t") == "5: six")
            #expect(try await world.manager.messages(ofSession: "s").count == 8)
        }
    }

    @Test("a session that is cleared while a task is under way keeps what that task is doing")
    func clearMeanwhile() async throws {
        let gate = MockGate()
        let tool = TestTools().tool("wait", parameters: try JSONSchema(["type": "object"])) { _ in
            await gate.opened()
            return ToolResult("waited")
        }
        let provider = ScriptedProvider { request, _ in
            request.userTexts.last == "wait" && request.lastResults.isEmpty
                ? .calls(.call("wait")) : .text(request.userTexts.joined(separator: " "))
        }
        try await AgentWorld.run([provider], [["tools": ["wait"]]], tools: [tool]) { world async throws in
            let before = try await world.manager.ask("a", "before", session: "s")
            _ = try await world.end(of: before)
            let task = try await world.manager.ask("a", "wait", session: "s")
            try await world.wait("select count(*) from agentcorp.tool_call where state = 'started'", "1")
            try await world.manager.clearSession("s")
            gate.open()
            #expect(try await world.end(of: task) == "wait")
        }
    }

    @Test("a call that never got a result, since its task was cancelled, is answered in the next task")
    func cancelled() async throws {
        let tool = TestTools().tool("hang", parameters: try JSONSchema(["type": "object"])) { _ in
            try await untilCancelled()
        }
        let provider = ScriptedProvider(.calls(.call("hang", id: "h")), .text("done"))
        try await AgentWorld.run([provider], [["tools": ["hang"]]], tools: [tool]) { world async throws in
            let first = try await world.manager.ask("a", "one", session: "s")
            try await world.wait("select count(*) from agentcorp.tool_call where state = 'started'", "1")
            _ = try await world.manager.cancel(first, reason: "enough")
            let second = try await world.manager.ask("a", "two", session: "s")
            #expect(try await world.end(of: second) == "done")
            let results = try #require(provider.requests.last).lastResults
            #expect(results.map(\.toolCallID) == ["h"] && results[0].content.contains("Not run"))
        }
    }

    @Test("a task keeps the version of its agent while another one is loaded")
    func pinned() async throws {
        let gate = MockGate()
        let provider = ScriptedProvider { request, number in
            if number == 0 {
                await gate.opened()
                throw ProviderError(.server, "again", provider: "script", model: "m")
            }
            return .text(request.system ?? "")
        }
        try await AgentWorld.run([provider], [["system_prompt": "old"]]) { world async throws in
            let task = try await world.manager.ask("a", "x")
            try await waitUntil("the first request") { provider.requests.count == 1 }
            try await AgentPool(world.pool).put([AgentWorld.config(["system_prompt": "new"])])
            let next = try await world.manager.ask("a", "y")
            #expect(try await world.end(of: next) == "new")
            gate.open()
            #expect(try await world.end(of: task) == "old")
            #expect(try await world.rows("select version from agentcorp.agent_run order by task_id") == ["1", "2"])
        }
    }
}
