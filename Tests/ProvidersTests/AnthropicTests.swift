import JSON
import MockServer
import Testing

@testable import Providers

@Suite("Anthropic messages")
struct AnthropicTests {
    @Test("a text is streamed, assembled and counted with what was cached")
    func text() async throws {
        let test = try await TestProviders(MockAnthropic.text("Good morning to you"))
        let heard = Heard()
        let response = try await test.anthropic().respond(to: .hello) { heard.hear($0) }
        #expect(response.message == AssistantMessage(text: "Good morning to you"))
        #expect(response.finish == .stop)
        #expect(response.usage == TokenUsage(input: 20, output: 7, cacheRead: 6, cacheWrite: 4))
        #expect(heard.text == "Good morning to you")
        let request = try #require(test.server.requests.first)
        #expect(request.path == "/v1/messages")
        #expect(request.headers["x-api-key"] == TestProviders.key)
        #expect(request.headers["anthropic-version"] == "2023-06-01")
        #expect(request.headers["authorization"] == nil)
    }

    @Test("calls are put together, and an empty input is an object")
    func calls() async throws {
        let test = try await TestProviders(
            MockAnthropic.calls(
                MockCall("read", ["path": "ä.txt"], id: "t1"), MockCall("list", text: "", id: "t2"), text: "Let me look"
            ))
        let response = try await test.anthropic().respond(to: .hello)
        #expect(response.finish == .toolCalls)
        #expect(response.message.toolCalls.map(\.id) == ["t1", "t2"])
        #expect(response.message.toolCalls.map(\.arguments) == [["path": "ä.txt"], [:]])
        #expect(response.message.native == nil)
        #expect(response.raw["content"]?.elements?[1]["input"] == ["path": "ä.txt"])
    }

    @Test("thinking comes back unchanged, to the same model only")
    func thinking() async throws {
        let events = MockAnthropic.events(
            blocks: [
                (
                    ["type": "thinking", "thinking": "", "signature": ""],
                    [
                        ["type": "thinking_delta", "thinking": "Hm, "], ["type": "thinking_delta", "thinking": "yes."],
                        ["type": "signature_delta", "signature": "c2ln"],
                    ]
                ),
                (["type": "redacted_thinking", "data": "xyz"], []),
                (["type": "novelty", "depth": 3], [["type": "novel_delta", "more": 1]]),
            ], calls: [MockCall("f", ["x": 1], id: "t1")])
        let test = try await TestProviders(MockAnthropic.stream(events), MockAnthropic.text("done"))
        let provider = try test.anthropic()
        let heard = Heard()
        let message = try await provider.respond(to: .hello) { heard.hear($0) }.message
        #expect(heard.events.contains(.reasoning("Hm, ")))
        let native: JSONValue = [
            ["type": "thinking", "thinking": "Hm, yes.", "signature": "c2ln"],
            ["type": "redacted_thinking", "data": "xyz"], ["type": "novelty", "depth": 3],
            ["type": "tool_use", "id": "t1", "name": "f", "input": ["x": 1]],
        ]
        #expect(message.native == NativeContent(provider: "test", model: "mock-model", content: native))

        var next = ChatRequest.hello
        next.isCacheable = false
        next.messages += [.assistant(message), .toolResults([ToolResultMessage(toolCallID: "t1", content: "ok")])]
        _ = try await provider.respond(to: next)
        #expect(test.server.requests[1].json["messages"]?.elements?[1]["content"] == native)
        next.model = "another"
        _ = try await provider.respond(to: next)
        #expect(
            test.server.requests[2].json["messages"]?.elements?[1]["content"]
                == [["type": "tool_use", "id": "t1", "name": "f", "input": ["x": 1]]])
    }

    static let tolerances: [(what: String, answer: MockAnswer, text: String?, calls: [String], finish: FinishReason)] =
        [
            ("CRLF", MockAnthropic.text("a b").withCRLF(), "a b", [], .stop),
            ("letters cut in two", MockAnthropic.text("grüße 🦉").split(every: 1), "grüße 🦉", [], .stop),
            (
                "pings and unknown events",
                MockAnthropic.stream(
                    [["type": "ping"], ["type": "moon_phase", "phase": 3]] + MockAnthropic.events(text: "a b")
                        + [["type": "ping"]]), "a b", [], .stop
            ),
            (
                "padding after the JSON",
                .stream(
                    ["event: message_start\ndata: \(MockAnthropic.start.text)     \n\n"]
                        + [
                            String(
                                decoding: MockAnthropic.stream(Array(MockAnthropic.events(text: "a b").dropFirst()))
                                    .bytes, as: UTF8.self)
                        ]),
                "a b", [], .stop
            ),
            (
                "no names of events", .stream(MockAnthropic.events(text: "a b").map { "data: \($0.text)\n\n" }), "a b",
                [], .stop
            ),
            ("no message_stop", MockAnthropic.stream(MockAnthropic.events(text: "a b").dropLast()), "a b", [], .stop),
            ("an answer in one piece", MockAnthropic.whole([["type": "text", "text": "a b"]]), "a b", [], .stop),
            (
                "one piece with a call",
                MockAnthropic.whole(
                    [["type": "tool_use", "id": "t", "name": "f", "input": ["x": 1]]], stop: "tool_use"), nil,
                ["f({\"x\":1})"], .toolCalls
            ),
            (
                "input with the beginning of the block",
                MockAnthropic.stream(
                    MockAnthropic.events(
                        blocks: [(["type": "tool_use", "id": "t", "name": "f", "input": ["x": 1]], [])],
                        stop: "tool_use")), nil,
                ["f({\"x\":1})"], .toolCalls
            ),
            ("no call id", MockAnthropic.calls(MockCall("f", ["x": 1], id: nil)), nil, ["f({\"x\":1})"], .toolCalls),
            (
                "bad arguments", MockAnthropic.calls(MockCall("f", text: "{\"x\": oo")), nil, ["f(!{\"x\": oo)"],
                .toolCalls
            ),
            (
                "a limit in the middle of a call",
                MockAnthropic.stream(MockAnthropic.events(calls: [MockCall("f", text: "")], stop: "max_tokens")), nil,
                ["f(!)"], .length
            ),
            ("a limit", MockAnthropic.text("a b", stop: "max_tokens"), "a b", [], .length),
            ("a stop sequence", MockAnthropic.text("a b", stop: "stop_sequence"), "a b", [], .stop),
            (
                "a full window", MockAnthropic.text("a b", stop: "model_context_window_exceeded"), "a b", [],
                .contextOverflow
            ),
            ("a pause", MockAnthropic.text("a b", stop: "pause_turn"), "a b", [], .pause),
            ("a foreign reason", MockAnthropic.text("a b", stop: "meteor"), "a b", [], .other("meteor")),
        ]

    @Test("variants of the stream are understood", arguments: tolerances.indices)
    func tolerance(index: Int) async throws {
        let expected = Self.tolerances[index]
        let test = try await TestProviders(expected.answer)
        let response = try await test.anthropic().respond(to: .hello)
        let comment = Comment(rawValue: expected.what)
        #expect(response.message.text == expected.text, comment)
        let calls = response.message.toolCalls.map { "\($0.name)(\($0.arguments == nil ? "!" : "")\($0.rawArguments))" }
        #expect(calls == expected.calls, comment)
        #expect(response.finish == expected.finish, comment)
        #expect(response.message.toolCalls.allSatisfy { !$0.id.isEmpty }, comment)
    }

    @Test("a refusal says why")
    func refusal() async throws {
        let test = try await TestProviders(MockAnthropic.text("I would rather not.", stop: "refusal"))
        let response = try await test.anthropic().respond(to: .hello)
        #expect(response.message.refusal == "I would rather not.")
        #expect(response.message.text == nil)
        #expect(response.finish == .refusal)
    }
}
