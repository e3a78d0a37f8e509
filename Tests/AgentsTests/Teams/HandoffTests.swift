import AgentTestSupport
import Agents
import JSON
import Providers
import Queue
import TestSupport
import Testing

/// Tasks that go over from one agent to another.
@Suite(.checkedDatabase)
struct HandoffTests {
    @Test("the other agent is told what was said and done, and its answer is the task's")
    func takesOver() async throws {
        let provider = ScriptedProvider { request, _ in
            guard request.model == "m" else { return .text("from the expert") }
            return request.answers == 0
                ? .calls(.call("memory__set", ["scope": "run", "key": "seen", "value": 42]), text: "let me look")
                : .calls(.call("agent__handoff", ["agent": "expert", "message": "you know this better"]))
        }
        try await AgentWorld.run(
            [provider],
            [
                ["handoffs": ["expert"], "tools": ["memory.set"]],
                ["name": "expert", "model": "script/n", "description": "knows all"],
            ], concurrency: 1
        ) { world async throws in
            let task = try await world.manager.ask("a", "what is it?")
            #expect(try await world.end(of: task) == "from the expert")
            let tool = provider.requests[0].tools.first { $0.name == "agent__handoff" }
            #expect(tool?.description.contains("expert: knows all") == true)
            let told = provider.requests.last?.userTexts.last ?? ""
            for words in ["what is it?", "let me look", "memory.set", "you know this better", "take over from a"] {
                #expect(told.contains(words), "\(words)")
            }
            // The first agent is not asked once more.
            #expect(provider.requests.map(\.model) == ["m", "m", "n"])
            #expect(
                try await world.rows(
                    "select agent, count(*) from agentcorp.turns group by 1 order by 1") == ["a|2", "expert|1"])
        }
    }

    @Test("the answer has the form that the task asked for, and an image goes along")
    func form() async throws {
        let schema = try JSONSchema(["type": "object", "required": ["n"]])
        let provider = ScriptedProvider { request, _ in
            guard request.model == "n" else {
                return .calls(.call("agent__handoff", ["agent": "b", "message": "count"]))
            }
            return .text(request.outputSchema == nil ? "free" : #"{"n": 3}"#)
        }
        try await AgentWorld.run(
            [provider], [["handoffs": ["b"]], ["name": "b", "model": "script/n"]]
        ) { world async throws in
            #expect(try await world.ask("x", schema: schema) == ["n": 3])
        }
    }

    @Test("agents that hand a task to each other for ever come to an end, and the last one answers")
    func pingPong() async throws {
        let provider = ScriptedProvider { request, _ in
            if request.lastResults.contains(where: \.isError) { return .text("enough") }
            let other = request.model == "m" ? "b" : "a"
            return .calls(.call("agent__handoff", ["agent": .string(other), "message": "yours"]))
        }
        try await AgentWorld.run(
            [provider], [["handoffs": ["b"]], ["name": "b", "model": "script/n", "handoffs": ["a"]]]
        ) { world async throws in
            #expect(try await world.ask() == "enough")
            #expect(try await world.rows("select count(*) from agentcorp.task") == ["6"])
        }
    }

    @Test("when the other one fails, the first is told and answers itself; others than those allowed are refused")
    func failure() async throws {
        let provider = ScriptedProvider { request, _ in
            if request.model == "n" { return .text(nil, refusal: "never", finish: .refusal) }
            switch request.answers {
            case 0: return .calls(.call("agent__handoff", ["agent": "c", "message": "yours"]))
            case 1: return .calls(.call("agent__handoff", ["agent": "b", "message": "yours"]))
            default: return .text("myself")
            }
        }
        try await AgentWorld.run(
            [provider], [["handoffs": ["b"]], ["name": "b", "model": "script/n"], ["name": "c"]]
        ) { world async throws in
            #expect(try await world.ask() == "myself")
            let told = provider.requests.filter { $0.model == "m" }
            #expect(told[1].lastResults[0].isError)
            #expect(told[2].lastResults[0].isError && told[2].lastResults[0].content.contains("b took over and failed"))
        }
    }

    @Test("an agent cannot name itself, nor what is no name")
    func configuration() throws {
        #expect(throws: AgentConfigError.self) { try AgentWorld.config(["handoffs": ["a"]]) }
        #expect(throws: AgentConfigError.self) { try AgentWorld.config(["handoffs": ["x/y"]]) }
        let config = try AgentWorld.config(["handoffs": ["b"]])
        #expect(try AgentConfig(config.json).handoffs == ["b"])
    }
}
