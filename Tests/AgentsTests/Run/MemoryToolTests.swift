import AgentTestSupport
import Agents
import JSON
import Providers
import Queue
import TestSupport
import Testing
import Tools

/// Agents that remember.
@Suite(.checkedDatabase)
struct MemoryToolTests {
    private static let all: JSONValue = ["memory.*"]

    @Test("what one task of an agent writes, another one reads; a run's own memory is its own")
    func remember() async throws {
        let provider = ScriptedProvider { request, _ in
            switch (request.userTexts.last ?? "", request.answers) {
            case ("write", 0):
                .calls(
                    .call("memory__set", ["key": "k", "value": ["n": 1], "scope": "agent"], id: "1"),
                    .call("memory__set", ["key": "k", "value": 2], id: "2"),
                    .call("memory__append", ["key": "list", "value": "x", "scope": "agent"], id: "3"),
                    .call("memory__get", ["key": "k"], id: "4"))
            case ("read", 0):
                .calls(
                    .call("memory__get", ["key": "k", "scope": "agent"], id: "1"),
                    .call("memory__get", ["key": "k"], id: "2"),
                    .call(
                        "memory__set", ["key": "k", "value": 3, "scope": "agent", "expected_version": 0], id: "3"))
            default: .text(JSONValue.array(request.lastResults.map { .string($0.content) }).text)
            }
        }
        try await AgentWorld.run([provider], [["tools": Self.all, "memory": true]]) { world async throws in
            _ = try await world.ask("write")
            let wrote = try #require(provider.requests.last).lastResults
            #expect(wrote.map(\.isError) == [false, false, false, false])
            #expect(wrote[3].content.contains(#""value":2"#))
            _ = try await world.ask("read")
            let read = try #require(provider.requests.last).lastResults
            #expect(read.map(\.isError) == [false, false, true])
            #expect(read[0].content.contains(#"{"n":1}"#) && read[1].content == "null")
            #expect(read[2].content.contains("Somebody else"))
        }
    }

    @Test("an agent reads and writes only the memories that its configuration names")
    func scopes() async throws {
        let provider = ScriptedProvider(
            .calls(
                .call("memory__set", ["key": "k", "value": 1, "scope": "global"], id: "1"),
                .call("memory__get", ["key": "k", "scope": "global"], id: "2"),
                .call("memory__get", ["key": "k", "scope": "user"], id: "3"),
                .call("memory__search", ["query": "k", "scope": "agent"], id: "4")),
            .text("done"))
        try await AgentWorld.run(
            [provider], [["tools": Self.all, "memory": ["read": ["global"], "write": ["run"]]]]
        ) { world async throws in
            #expect(try await world.ask() == "done")
            let results = provider.requests[1].lastResults
            #expect(results.map(\.isError) == [true, false, true, true])
            #expect(results[0].content.contains("you may use: run") && results[2].content.contains("global"))
            #expect(try await world.rows("select count(*) from agentcorp.memory") == ["0"])
        }
    }
}
