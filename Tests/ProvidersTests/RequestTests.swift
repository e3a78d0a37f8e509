import JSON
import MockServer
import Testing

@testable import Providers

@Suite("Requests")
struct RequestTests {
    static let read = ToolDefinition(
        name: "read", description: "Reads a file.",
        parameters: ["type": "object", "properties": ["path": ["type": "string"]], "required": ["path"]], isStrict: true
    )
    static let list = ToolDefinition(name: "list", description: "Lists files.", parameters: ["type": "object"])

    static func call(_ id: String, _ arguments: String = "{}") -> ToolCallRequest {
        ToolCallRequest(id: id, name: "read", rawArguments: arguments)
    }

    static func openAI(_ request: ChatRequest, _ dialect: OpenAIDialect = .openai, refused: Set<String> = [])
        -> JSONValue
    {
        OpenAIRequestBody(request: request, dialect: dialect, form: nil, refused: refused).value
    }

    static func anthropic(_ request: ChatRequest) -> JSONValue {
        AnthropicRequestBody(request: request, provider: "anthropic", form: nil, refused: []).value
    }

    static let full: ChatRequest = {
        var request = ChatRequest(
            model: "m", system: "Be brief.",
            messages: [
                .user("hi"),
                .assistant(AssistantMessage(text: "look", toolCalls: [call("a", "{\"path\": \"x\"}"), call("b")])),
                .toolResults([
                    ToolResultMessage(toolCallID: "b", content: "no such file", isError: true),
                    ToolResultMessage(toolCallID: "a", content: "text"),
                ]), .user("go on"),
            ], tools: [read, list], toolChoice: .required, parallelToolCalls: false, maxOutputTokens: 100,
            temperature: 0.5, stop: ["END"], seed: 7, reasoningEffort: "low", cacheKey: "run-1", extra: ["user": "me"])
        request.topP = 0.9
        return request
    }()

    @Test("OpenAI is asked with its own fields")
    func openAIBody() {
        let body = Self.openAI(Self.full)
        #expect(body["max_completion_tokens"] == 100)
        #expect(body["max_tokens"] == nil)
        #expect(body["tool_choice"] == "required")
        #expect(body["parallel_tool_calls"] == false)
        #expect(body["prompt_cache_key"] == "run-1")
        #expect(body["reasoning_effort"] == "low")
        #expect(body["stop"] == ["END"])
        #expect(body["seed"] == 7)
        #expect(body["user"] == "me")
        let function = body["tools"]?.elements?[0]["function"]
        #expect(function?["strict"] == true)
        #expect(function?["parameters"]?["additionalProperties"] == false)
        #expect(body["tools"]?.elements?[1]["function"]?["strict"] == nil)
        #expect(
            body["messages"] == [
                ["role": "system", "content": "Be brief."], ["role": "user", "content": "hi"],
                [
                    "role": "assistant", "content": "look",
                    "tool_calls": [
                        [
                            "id": "a", "type": "function",
                            "function": ["name": "read", "arguments": "{\"path\":\"x\"}"],
                        ],
                        ["id": "b", "type": "function", "function": ["name": "read", "arguments": "{}"]],
                    ],
                ],
                ["role": "tool", "tool_call_id": "a", "content": "text"],
                ["role": "tool", "tool_call_id": "b", "content": "Error: no such file"],
                ["role": "user", "content": "go on"],
            ])
    }

    @Test("xAI is not sent what it refuses", arguments: ["grok-4", "grok-4-0709", "grok-code-fast-1"])
    func xAIBody(model: String) {
        var request = Self.full
        request.model = model
        let body = Self.openAI(request, .xai)
        #expect(body["max_tokens"] == 100)
        for field in ["max_completion_tokens", "stop", "reasoning_effort", "prompt_cache_key", "presence_penalty"] {
            #expect(body[field] == nil)
        }
        #expect(!body.text.contains("strict"))
        request.model = "grok-4.5"
        #expect(Self.openAI(request, .xai)["stop"] == ["END"])
    }

    @Test("other servers are asked with the fields that all of them know")
    func compatibleBody() {
        let body = Self.openAI(Self.full, .compatible)
        #expect(body["max_tokens"] == 100)
        #expect(body["prompt_cache_key"] == nil)
        #expect(Self.openAI(Self.full, .compatible, refused: ["max_tokens"])["max_completion_tokens"] == 100)
    }

    @Test("Anthropic is asked with results first, in turns, and at most four marks of what to cache")
    func anthropicBody() throws {
        let body = Self.anthropic(Self.full)
        let mark: JSONValue = ["type": "ephemeral"]
        #expect(body["system"] == [["type": "text", "text": "Be brief.", "cache_control": mark]])
        #expect(body["max_tokens"] == 100)
        #expect(body["stop_sequences"] == ["END"])
        #expect(body["tool_choice"] == ["type": "any", "disable_parallel_tool_use": true])
        #expect(body["output_config"] == ["effort": "low"])
        #expect(body["tools"]?.elements?[0]["cache_control"] == nil)
        #expect(body["tools"]?.elements?[0]["strict"] == true)
        #expect(body["tools"]?.elements?[1]["cache_control"] == mark)
        #expect(
            body["messages"] == [
                ["role": "user", "content": [["type": "text", "text": "hi"]]],
                [
                    "role": "assistant",
                    "content": [
                        ["type": "text", "text": "look"],
                        ["type": "tool_use", "id": "a", "name": "read", "input": ["path": "x"]],
                        ["type": "tool_use", "id": "b", "name": "read", "input": [:]],
                    ],
                ],
                [
                    "role": "user",
                    "content": [
                        ["type": "tool_result", "tool_use_id": "a", "content": "text"],
                        ["type": "tool_result", "tool_use_id": "b", "content": "no such file", "is_error": true],
                        ["type": "text", "text": "go on", "cache_control": mark],
                    ],
                ],
            ])
        #expect(body.text.components(of: "cache_control") == 3)
        var uncached = Self.full
        uncached.isCacheable = false
        #expect(Self.anthropic(uncached).text.components(of: "cache_control") == 0)
        var unlimited = ChatRequest.hello
        unlimited.tools = []
        #expect(Self.anthropic(unlimited)["max_tokens"] == 8192)
    }

    @Test("images are sent in each provider's form")
    func images() {
        let request = ChatRequest(
            model: "m",
            messages: [
                .user([
                    .text("what is it"), .image(mediaType: "image/png", base64: "AAAA"),
                    .imageURL("https://x.example/i.png"),
                ])
            ])
        #expect(
            Self.openAI(request)["messages"]?.elements?[0]["content"] == [
                ["type": "text", "text": "what is it"],
                ["type": "image_url", "image_url": ["url": "data:image/png;base64,AAAA"]],
                ["type": "image_url", "image_url": ["url": "https://x.example/i.png"]],
            ])
        #expect(
            Self.anthropic(request)["messages"]?.elements?[0]["content"]?.elements?[1]
                == ["type": "image", "source": ["type": "base64", "media_type": "image/png", "data": "AAAA"]])
    }

    /// Conversations that something else has broken, and the roles and results that are sent for them.
    static let broken: [(what: String, messages: [ChatMessage], results: [String])] = [
        (
            "a result is missing",
            [
                .user("q"), .assistant(AssistantMessage(toolCalls: [call("a"), call("b")])),
                .toolResults([ToolResultMessage(toolCallID: "b", content: "B")]),
            ], ["a:" + Conversation.missing, "b:B"]
        ),
        (
            "all results are missing", [.user("q"), .assistant(AssistantMessage(toolCalls: [call("a")]))],
            ["a:" + Conversation.missing]
        ),
        (
            "a user spoke before the results",
            [
                .user("q"), .assistant(AssistantMessage(toolCalls: [call("a")])), .user("hm"),
                .toolResults([ToolResultMessage(toolCallID: "a", content: "A")]),
            ], ["a:A"]
        ),
        (
            "results come twice, and for nothing",
            [
                .user("q"), .assistant(AssistantMessage(toolCalls: [call("a")])),
                .toolResults([
                    ToolResultMessage(toolCallID: "a", content: "A"), ToolResultMessage(toolCallID: "a", content: "A2"),
                    ToolResultMessage(toolCallID: "z", content: "Z"),
                ]),
            ], ["a:A"]
        ),
        (
            "results without a call",
            [.user("q"), .toolResults([ToolResultMessage(toolCallID: "a", content: "A")]), .user("r")], []
        ),
        (
            "results in two messages",
            [
                .user("q"), .assistant(AssistantMessage(toolCalls: [call("a"), call("b")])),
                .toolResults([ToolResultMessage(toolCallID: "a", content: "A")]),
                .toolResults([ToolResultMessage(toolCallID: "b", content: "B")]),
            ], ["a:A", "b:B"]
        ),
        (
            "ids of an earlier turn come again",
            [
                .user("q"), .assistant(AssistantMessage(toolCalls: [call("a")])),
                .toolResults([ToolResultMessage(toolCallID: "a", content: "1")]),
                .assistant(AssistantMessage(toolCalls: [call("a")])),
                .toolResults([ToolResultMessage(toolCallID: "a", content: "2")]),
            ], ["a:1", "a_2:2"]
        ),
        (
            "ids that others do not take",
            [
                .user("q"),
                .assistant(AssistantMessage(toolCalls: [call("functions.read:0"), call("functions_read_0")])),
                .toolResults([
                    ToolResultMessage(toolCallID: "functions_read_0", content: "2"),
                    ToolResultMessage(toolCallID: "functions.read:0", content: "1"),
                ]),
            ],
            ["functions_read_0:1", "functions_read_0_2:2"]
        ),
        (
            "one id for two calls",
            [
                .user("q"), .assistant(AssistantMessage(toolCalls: [call("a"), call("a")])),
                .toolResults([
                    ToolResultMessage(toolCallID: "a", content: "1"), ToolResultMessage(toolCallID: "a", content: "2"),
                ]),
            ], ["a:1", "a_2:2"]
        ),
    ]

    @Test("every call that is sent has exactly one result, directly after it", arguments: broken.indices)
    func pairing(index: Int) throws {
        let (what, messages, results) = Self.broken[index]
        let comment = Comment(rawValue: what)
        let request = ChatRequest(model: "m", messages: messages, isCacheable: false)

        var sent: [String] = []
        var open: [String] = []
        for message in try #require(Self.openAI(request)["messages"]?.elements) {
            if message["role"] == "tool" {
                let id = try #require(message["tool_call_id"]?.string)
                #expect(open.first == id, comment)
                open = Array(open.dropFirst())
                sent.append("\(id):\(message["content"]?.string?.replacing("Error: ", with: "") ?? "")")
            } else {
                #expect(open.isEmpty, comment)
                open = (message["tool_calls"]?.elements ?? []).compactMap { $0["id"]?.string }
            }
        }
        #expect(open.isEmpty, comment)
        #expect(sent == results, comment)

        sent = []
        var role: JSONValue = "assistant"
        for message in try #require(Self.anthropic(request)["messages"]?.elements) {
            #expect(message["role"] != role, comment)
            role = message["role"] ?? .null
            let blocks = try #require(message["content"]?.elements)
            #expect(!blocks.isEmpty, comment)
            let answers = blocks.filter { $0["type"] == "tool_result" }
            #expect(Array(blocks.prefix(answers.count)) == answers, comment)
            #expect(answers.map { $0["tool_use_id"]?.string } == open, comment)
            sent += answers.map { "\($0["tool_use_id"]?.string ?? ""):\($0["content"]?.string ?? "")" }
            open = blocks.filter { $0["type"] == "tool_use" }.compactMap { $0["id"]?.string }
        }
        #expect(open.isEmpty, comment)
        #expect(sent == results, comment)
    }

    @Test("arguments that are no object are sent back as an empty one, and never as they were")
    func badArguments() {
        let request = ChatRequest(
            model: "m",
            messages: [.user("q"), .assistant(AssistantMessage(toolCalls: [Self.call("a", "{\"path\": oops")]))])
        #expect(!Self.openAI(request).text.contains("oops"))
        #expect(!Self.anthropic(request).text.contains("oops"))
    }

    @Test("what Anthropic refuses is not sent: empty texts, an assistant first, white space at the end")
    func anthropicEdges() {
        let request = ChatRequest(
            model: "m", system: "  ",
            messages: [
                .assistant(AssistantMessage(text: "earlier")), .user([.text(" "), .text("a")]), .user("b"),
                .assistant(AssistantMessage()), .assistant(AssistantMessage(text: "and so \n")),
            ], isCacheable: false)
        let body = Self.anthropic(request)
        #expect(body["system"] == nil)
        #expect(
            body["messages"] == [
                ["role": "user", "content": [["type": "text", "text": "(The beginning is not shown.)"]]],
                ["role": "assistant", "content": [["type": "text", "text": "earlier"]]],
                ["role": "user", "content": [["type": "text", "text": "a"], ["type": "text", "text": "b"]]],
                ["role": "assistant", "content": [["type": "text", "text": "and so"]]],
            ])
    }

    @Test("a field that a server refuses is left out from then on")
    func learning() async throws {
        let test = try await TestProviders { request in
            if request.json["temperature"] != nil {
                return .json(
                    [
                        "error": [
                            "message": "Unsupported value", "type": "invalid_request_error", "param": "temperature",
                            "code": "unsupported_value",
                        ]
                    ], status: 400)
            }
            return request.json["max_completion_tokens"] == nil
                ? MockOpenAI.text("fine") : MockOpenAI.error(400, "Unknown field max_completion_tokens")
        }
        var request = ChatRequest.hello
        request.temperature = 0.2
        request.maxOutputTokens = 50
        let provider = try test.openAI()
        #expect(try await provider.respond(to: request).message.text == "fine")
        #expect(test.server.requests.count == 3)
        #expect(test.server.requests[2].json["max_tokens"] == 50)
        #expect(test.clock.pauses.isEmpty)
        _ = try await provider.respond(to: request)
        #expect(test.server.requests.count == 4)
        // What the caller insists on is an error.
        request.extra["temperature"] = 0.2
        let error = try await providerError { try await provider.respond(to: request) }
        #expect(error.code == .invalidRequest)
    }

    @Test("messages are stored and read without loss, in a form that a person can read")
    func coding() throws {
        let messages =
            Self.full.messages + [
                .assistant(
                    AssistantMessage(
                        refusal: "no", native: NativeContent(provider: "p", model: "m", content: [["type": "thinking"]])
                    )),
                .user([.image(mediaType: "image/png", base64: "AA"), .imageURL("https://x.example/")]),
            ]
        #expect(try Coding.decode([ChatMessage].self, Coding.encode(messages)) == messages)
        #expect(
            try Coding.encode([messages[0], messages[2]])
                == #"[{"content":[{"text":"hi"}],"role":"user"},{"results":[{"content":"no such file","#
                + #""is_error":true,"tool_call_id":"b"},{"content":"text","is_error":false,"tool_call_id":"a"}],"#
                + #""role":"tool"}]"#)
        let response = ChatResponse(
            id: "1", model: "m", message: AssistantMessage(text: "x"), finish: .other("meteor"),
            usage: TokenUsage(input: 1, output: 2, cost: USD("0.5")), raw: ["a": 1])
        #expect(try Coding.decode(ChatResponse.self, Coding.encode(response)) == response)
    }
}

extension String {
    fileprivate func components(of text: String) -> Int { ranges(of: text).count }
}
