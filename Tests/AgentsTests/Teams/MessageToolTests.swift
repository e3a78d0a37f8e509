import AgentTestSupport
import Agents
import JSON
import Providers
import Queue
import TestSupport
import Testing
import Tools

/// Agents of a run that talk to each other.
@Suite(.checkedDatabase)
struct MessageToolTests {
    @Test("two agents talk: one waits for a message without holding a worker, the other answers")
    func dialogue() async throws {
        let provider = ScriptedProvider { request, _ in
            switch (request.userTexts.last ?? "", request.answers) {
            case ("start", 0):
                .calls(
                    .call("task__create_task", ["description": "listen", "agent": "b"], id: "1"),
                    .call("message__send", ["to": "b", "text": "how far?", "topic": "state"], id: "2"),
                    .call("message__read", ["wait_seconds": 60], id: "3"))
            case ("listen", 0): .calls(.call("message__read", ["wait_seconds": 60]))
            case ("listen", 1):
                .calls(.call("message__send", ["to": "all", "text": .string(request.lastResults[0].content)]))
            case (_, 1): .text(request.lastResults.last?.content)
            default: .text("done")
            }
        }
        try await AgentWorld.run(
            [provider], [["tools": ["task.*", "message.*"]], ["name": "b", "tools": ["message.*"]]], concurrency: 1
        ) { world async throws in
            let heard = try first(try await world.ask("start"))
            #expect(heard["from"] == "b")
            let inner = try first(heard["text"] ?? .null)
            #expect(inner["text"] == "how far?" && inner["topic"] == "state" && inner["from"] == "a")
            #expect(
                try await world.rows(
                    "select sender, recipient, array_to_string(readers, ',') from agentcorp.agent_messages order by seq"
                )
                    == ["a|b|b", "b|all|a"])
            #expect(try await world.manager.messages(ofRun: try await root(world)).map(\.sender) == ["a", "b"])
        }
    }

    @Test("who waits longer than it said goes on with nothing; a message to nobody is a result that says so")
    func nothing() async throws {
        let provider = ScriptedProvider(
            .calls(
                .call("message__send", ["to": "bb", "text": "x"], id: "1"),
                .call("message__read", [:], id: "2"), .call("message__read", ["wait_seconds": 0.2], id: "3")),
            .text("done"))
        try await AgentWorld.run([provider], [["tools": ["message.*"]], ["name": "b"]]) { world async throws in
            #expect(try await world.ask() == "done")
            let results = provider.requests[1].lastResults
            #expect(results[0].isError && results[0].content.contains("unknown agent \"bb\""))
            #expect(results[1].content == "[]" && results[2].content == "[]")
        }
    }

    @Test("a person says something to a run, and the agent that waits for it goes on")
    func person() async throws {
        let provider = ScriptedProvider { request, _ in
            request.answers == 0
                ? .calls(.call("message__read", ["wait_seconds": 600])) : .text(request.lastResults[0].content)
        }
        try await AgentWorld.run([provider], [["tools": ["message.read"]]]) { world async throws in
            let task = try await world.manager.ask("a", "listen")
            try await world.wait("select count(*) from agentcorp.wait where topic = 'agent.message'", "1")
            try await world.manager.sendMessage("stop it", to: "a", run: task, from: "boss")
            let output = try await world.end(of: task)
            #expect(output.string?.contains("stop it") == true && output.string?.contains("boss") == true)
        }
    }

    /// The first element of an array that is written in a text.
    private func first(_ text: JSONValue) throws -> JSONValue {
        guard case .array(let elements) = try JSONValue(parsing: text.string ?? ""), let first = elements.first else {
            throw TestSupportError("no messages: \(text.text)")
        }
        return first
    }

    private func root(_ world: AgentWorld) async throws -> Int64 {
        Int64(try await world.rows("select min(id) from agentcorp.task")[0])!
    }
}
