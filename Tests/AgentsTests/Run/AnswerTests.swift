import AgentTestSupport
import Agents
import JSON
import Postgres
import Providers
import Queue
import TestSupport
import Testing
import Tools

/// What an agent's answer becomes.
@Suite(.checkedDatabase)
struct AnswerTests {
    private static let schema = JSONSchema.object(["n": .integer("n", in: 1...9)], required: ["n"])

    @Test("a text is the output, and everything that it took is written down")
    func text() async throws {
        let provider = ScriptedProvider(.text("hello"))
        try await AgentWorld.run([provider], [["system_prompt": "be brief"]]) { world async throws in
            let task = try await world.manager.ask("a", "say hello")
            #expect(try await world.end(of: task) == "hello")
            let request = try #require(provider.requests.first)
            #expect(request.system == "be brief" && request.userTexts == ["say hello"] && request.model == "m")
            #expect(
                try await world.rows(
                    "select seq, attempt, provider, model, finish, input_tokens, output_tokens, trim_scale(cost_usd), octet_length(request_hash) from agentcorp.turn"
                ) == ["1|1|script|m|stop|100|10|0.00012|32"])
        }
    }

    @Test("a structured answer is repaired with what is wrong, and is the output as a value")
    func repair() async throws {
        let provider = ScriptedProvider(.text("oh"), .text(#"{"n": 12}"#), .text("```json\n{\"n\": 3}\n```"))
        try await AgentWorld.run([provider]) { world async throws in
            #expect(try await world.ask(schema: Self.schema) == ["n": 3])
            #expect(provider.requests.count == 3)
            #expect(provider.requests[0].outputSchema?.schema == Self.schema.value)
            #expect(provider.requests[1].userTexts.last?.contains("Answer again") == true)
            #expect(provider.requests[2].userTexts.last?.contains("/n") == true)
        }
    }

    @Test("an answer that is never right fails the task, in as many repairs as are allowed")
    func exhausted() async throws {
        let provider = ScriptedProvider(.text(#"{"n": "x"}"#))
        try await AgentWorld.run([provider]) { world async throws in
            let failure = try await world.failure(schema: Self.schema)
            #expect(failure.reason == "schema" && failure.message.contains("2 repairs"))
            #expect(provider.requests.count == 3)
        }
    }

    @Test("repairs are turns, too: they end where the turns do")
    func repairsWithinTurns() async throws {
        let provider = ScriptedProvider(.text("oh"))
        try await AgentWorld.run([provider], [["max_turns": 2]]) { world async throws in
            #expect(try await world.failure(schema: Self.schema).reason == "schema")
            #expect(provider.requests.count == 2)
        }
    }

    @Test("a refusal fails the task with what the model says")
    func refusal() async throws {
        let provider = ScriptedProvider(.text(nil, refusal: "I would rather not", finish: .refusal))
        try await AgentWorld.run([provider]) { world async throws in
            let failure = try await world.failure()
            #expect(failure.reason == "refusal" && failure.message.contains("I would rather not"))
            #expect(provider.requests.count == 1)
        }
    }

    @Test("what the provider withholds is no answer")
    func filtered() async throws {
        let provider = ScriptedProvider(.text("half of", finish: .contentFilter))
        try await AgentWorld.run([provider]) { world async throws in
            #expect(try await world.failure().reason == "refusal")
        }
    }

    @Test("an answer that was cut off is asked for again, shorter; an empty one, too")
    func cut() async throws {
        let provider = ScriptedProvider(.text("a long", finish: .length), .text(""), .text("short"))
        try await AgentWorld.run([provider]) { world async throws in
            #expect(try await world.ask() == "short")
            #expect(provider.requests[1].userTexts.last?.contains("cut off") == true)
            #expect(provider.requests[2].userTexts.last?.contains("empty") == true)
        }
    }

    @Test("a U+0000 is replaced wherever a model or a tool says it")
    func nul() async throws {
        let tools = TestTools()
        let provider = ScriptedProvider(
            .calls(.call("nul", ["x": "a\0b"]), text: "c\0d"), .text("e\0f g"))
        try await AgentWorld.run(
            [provider], [["tools": ["nul"]]],
            tools: [tools.tool("nul", parameters: .object(["x": .string()])) { _ in .init("g\0h") }]
        ) { world async throws in
            #expect(try await world.ask() == "e\u{FFFD}f g")
            #expect(tools.runs.first?.arguments == ["x": "a\u{FFFD}b"])
            #expect(provider.requests[1].lastResults.first?.content == "g\u{FFFD}h")
        }
    }

    @Test("a secret that a model repeats goes no further")
    func secret() async throws {
        let key = "canary-0123456789-secret"
        let tools = TestTools()
        let provider = ScriptedProvider { _, number in
            switch number {
            case 0: .calls(.call("note", ["x": .string(key)]), text: "it is \(key) !")
            case 1: .text("the key is \(key) indeed", refusal: nil)
            default: throw ProviderError(.invalidRequest, "bad key \(key)", provider: "script", model: "m")
            }
        }
        try await AgentWorld.run(
            [provider], [["tools": ["note"]]], tools: [tools.tool("note", parameters: .object(["x": .string()]))],
            scrubber: SecretScrubber([Secret(key)])
        ) { world async throws in
            #expect(try await world.ask() == "the key is *** indeed")
            #expect(tools.runs.first?.arguments == ["x": "***"])
            let failure = try await world.failure()
            #expect(failure.message.contains("bad key ***"))
            for table in ["turn", "tool_call", "message", "partial", "output", "attempt", "task"] {
                #expect(
                    try await world.rows("select count(*) from agentcorp.\(table) t where t::text like '%\(key)%'")
                        == ["0"], "\(table)")
            }
        }
    }

    @Test("arguments of a task that say nothing, or too much, fail it with what is wrong")
    func arguments() async throws {
        try await AgentWorld.run([ScriptedProvider(.text("x"))]) { world async throws in
            for (args, words) in [
                (#"{"agent": "a"}"#, "prompt"),
                (#"{"agent": "a", "prompt": "x", "tool": []}"#, "did you mean \"tools\""),
                (#"{"agent": "b", "prompt": "x"}"#, "\"b\""),
                (#"{"agent": "a", "prompt": "x", "tools": ["y"]}"#, "no tool"),
                (#"{"agent": "a", "prompt": "x", "schema": {"type": "sting"}}"#, "schema"),
            ] {
                let result = try await world.pool.query("select agentcorp.enqueue('agent', $1::text::jsonb)", [args])
                let failure = try await world.failure(of: try result.rows[0].int64(0))
                #expect(failure.message.contains(words), "\(failure.message)")
            }
        }
    }
}
