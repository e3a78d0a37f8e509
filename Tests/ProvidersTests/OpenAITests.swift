import JSON
import MockServer
import Testing

@testable import Providers

@Suite("OpenAI chat completions")
struct OpenAITests {
    @Test("a text is streamed, assembled and counted")
    func text() async throws {
        let test = try await TestProviders(MockOpenAI.text("Good morning to you"))
        let heard = Heard()
        let response = try await test.openAI().respond(to: .hello) { heard.hear($0) }
        #expect(response.message == AssistantMessage(text: "Good morning to you"))
        #expect(response.finish == .stop)
        #expect(response.id == "chatcmpl-1")
        #expect(response.model == "mock-model")
        #expect(response.usage == TokenUsage(input: 20, output: 5, cacheRead: 8, reasoning: 2))
        #expect(heard.events.first == .started)
        #expect(heard.text == "Good morning to you")
        #expect(response.raw["choices"]?.elements?.first?["message"]?["content"] == "Good morning to you")
        let request = try #require(test.server.requests.first)
        #expect(request.path == "/v1/chat/completions")
        #expect(request.headers["authorization"] == "Bearer \(TestProviders.key)")
        #expect(request.json["stream_options"]?["include_usage"] == true)
    }

    @Test("parallel calls are put together by their index")
    func calls() async throws {
        let test = try await TestProviders(
            MockOpenAI.calls(
                MockCall("read", ["path": "a.txt"], id: "c1"), MockCall("list", [:], id: "c2"), text: "Let me look"))
        let heard = Heard()
        let response = try await test.openAI().respond(to: .hello) { heard.hear($0) }
        #expect(response.finish == .toolCalls)
        #expect(response.message.text == "Let me look")
        #expect(
            response.message.toolCalls == [
                ToolCallRequest(id: "c1", name: "read", rawArguments: "{\"path\":\"a.txt\"}"),
                ToolCallRequest(id: "c2", name: "list", rawArguments: "{}"),
            ])
        #expect(response.message.toolCalls[0].arguments == ["path": "a.txt"])
        #expect(heard.events.contains(.toolCall(index: 1, name: "list", argumentsFragment: "")))
    }

    private static func delta(_ delta: JSONValue, finish: JSONValue = nil) -> JSONValue {
        MockOpenAI.chunk(delta, finish: finish)
    }

    /// What servers do that OpenAI does not, and what it must come to: text, calls as `name(arguments)`, reason.
    static let tolerances: [(what: String, answer: MockAnswer, text: String?, calls: [String], finish: FinishReason)] =
        [
            ("CRLF", MockOpenAI.text("a b").withCRLF(), "a b", [], .stop),
            ("comments", MockOpenAI.text("a b").withComments(), "a b", [], .stop),
            ("letters cut in two", MockOpenAI.text("grüße 🦉🦉").split(every: 1), "grüße 🦉🦉", [], .stop),
            ("no [DONE]", MockOpenAI.stream(MockOpenAI.chunks(text: "a b"), done: false), "a b", [], .stop),
            ("no usage", MockOpenAI.text("a b", usage: nil), "a b", [], .stop),
            ("usage null", MockOpenAI.text("a b", usage: .null), "a b", [], .stop),
            ("no call id", MockOpenAI.calls(MockCall("f", ["x": 1], id: nil)), nil, ["f({\"x\":1})"], .toolCalls),
            (
                "stop with calls",
                MockOpenAI.stream(MockOpenAI.chunks(calls: [MockCall("f")], finish: "stop")), nil, ["f({})"], .toolCalls
            ),
            (
                "an empty reason with calls",
                MockOpenAI.stream(MockOpenAI.chunks(calls: [MockCall("f")], finish: "")), nil, ["f({})"], .toolCalls
            ),
            (
                "arguments as an object",
                MockOpenAI.stream([
                    delta([
                        "tool_calls": [
                            ["index": 0, "id": "c", "function": ["name": "f", "arguments": ["x": [1, 2]]]]
                        ]
                    ]), delta([:], finish: "tool_calls"),
                ]), nil, ["f({\"x\":[1,2]})"], .toolCalls
            ),
            (
                "no arguments at all",
                MockOpenAI.stream([
                    delta(["tool_calls": [["index": 0, "id": "c", "function": ["name": "f"]]]]),
                    delta([:], finish: "tool_calls"),
                ]), nil, ["f({})"], .toolCalls
            ),
            (
                "calls without an index",
                MockOpenAI.stream([
                    delta(["tool_calls": [["id": "a", "function": ["name": "f", "arguments": "{\"x\""]]]]),
                    delta(["tool_calls": [["function": ["arguments": ":1}"]]]]),
                    delta(["tool_calls": [["id": "b", "function": ["name": "g", "arguments": "{}"]]]]),
                    delta([:], finish: "tool_calls"),
                ]), nil, ["f({\"x\":1})", "g({})"], .toolCalls
            ),
            (
                "every call with index 0",
                MockOpenAI.stream([
                    delta(["tool_calls": [["index": 0, "id": "a", "function": ["name": "f", "arguments": "{}"]]]]),
                    delta(["tool_calls": [["index": 0, "id": "b", "function": ["name": "g", "arguments": "{}"]]]]),
                    delta([:], finish: "tool_calls"),
                ]), nil, ["f({})", "g({})"], .toolCalls
            ),
            (
                "content as an array",
                MockOpenAI.stream([
                    delta(["content": [["type": "text", "text": "a"], ["type": "text", "text": " b"]]]),
                    delta(["content": .null], finish: "stop"),
                ]), "a b", [], .stop
            ),
            ("an answer in one piece", MockOpenAI.whole(["role": "assistant", "content": "a b"]), "a b", [], .stop),
            (
                "one piece with calls, no reason",
                MockOpenAI.whole(
                    [
                        "content": nil,
                        "tool_calls": [["id": "c", "function": ["name": "f", "arguments": ["x": 1]]]],
                    ], finish: nil), nil, ["f({\"x\":1})"], .toolCalls
            ),
            (
                "bad arguments",
                MockOpenAI.calls(MockCall("f", text: "{\"x\": oops"), MockCall("g", text: "[1]", id: "c2")), nil,
                ["f(!{\"x\": oops)", "g(![1])"], .toolCalls
            ),
            (
                "a limit in the middle of a call",
                MockOpenAI.stream(MockOpenAI.chunks(calls: [MockCall("f", text: "")], finish: "length")), nil, ["f(!)"],
                .length
            ),
            (
                "a refusal",
                MockOpenAI.stream([delta(["refusal": "I will "]), delta(["refusal": "not"], finish: "stop")]), nil, [],
                .refusal
            ),
            (
                "a filter", MockOpenAI.stream(MockOpenAI.chunks(text: "a", finish: "content_filter")), "a", [],
                .contentFilter
            ),
            (
                "a foreign reason", MockOpenAI.stream(MockOpenAI.chunks(text: "a", finish: "meteor")), "a", [],
                .other("meteor")
            ),
            (
                "reasoning beside the text",
                MockOpenAI.stream([delta(["reasoning_content": "hm"]), delta(["content": "a"], finish: "stop")]), "a",
                [], .stop
            ),
            (
                "empty events",
                .stream(["data: \n\n"] + [String(decoding: MockOpenAI.text("a b").bytes, as: UTF8.self)]),
                "a b", [], .stop
            ),
        ]

    @Test("what other servers do differently is understood", arguments: tolerances.indices)
    func tolerance(index: Int) async throws {
        let expected = Self.tolerances[index]
        let test = try await TestProviders(expected.answer)
        let response = try await test.openAI(.compatible).respond(to: .hello)
        let comment = Comment(rawValue: expected.what)
        #expect(response.message.text == expected.text, comment)
        let calls = response.message.toolCalls.map {
            "\($0.name)(\($0.arguments == nil ? "!" : "")\($0.rawArguments.isEmpty && $0.arguments != nil ? "{}" : $0.rawArguments))"
        }
        #expect(calls == expected.calls, comment)
        #expect(response.finish == expected.finish, comment)
        #expect(response.message.toolCalls.allSatisfy { !$0.id.isEmpty }, comment)
        #expect(test.server.requests.count == 1, comment)
    }

    @Test("two calls of one id get different ones")
    func ids() async throws {
        let test = try await TestProviders(
            MockOpenAI.calls(MockCall("f", ["x": 1], id: "same"), MockCall("f", ["x": 2], id: "same")))
        let calls = try await test.openAI().respond(to: .hello).message.toolCalls
        #expect(calls.count == 2)
        #expect(Set(calls.map(\.id)).count == 2)
    }

    @Test(
        "usage is counted alike",
        arguments: [
            // xAI: the completion leaves out reasoning, the total does not.
            (
                #"{"prompt_tokens":10,"completion_tokens":4,"total_tokens":20,"#
                    + #""completion_tokens_details":{"reasoning_tokens":6}}"#,
                TokenUsage(input: 10, output: 10, reasoning: 6)
            ),
            // OpenAI: it does not.
            (
                #"{"prompt_tokens":10,"completion_tokens":10,"total_tokens":20,"#
                    + #""completion_tokens_details":{"reasoning_tokens":6}}"#,
                TokenUsage(input: 10, output: 10, reasoning: 6)
            ),
            (
                #"{"prompt_tokens":1,"completion_tokens":1,"cost_in_usd_ticks":37756001}"#,
                TokenUsage(input: 1, output: 1, cost: USD("0.003775601"))
            ),
            (#"{"prompt_tokens":-1,"completion_tokens":3}"#, nil),
            ("{}", nil),
        ])
    func usage(_ usage: String, _ expected: TokenUsage?) async throws {
        let test = try await TestProviders(MockOpenAI.text("a", usage: try JSONValue(parsing: usage)))
        #expect(try await test.openAI(.xai).respond(to: .hello).usage == expected)
    }
}
