import JSON
import MockServer
import Testing

@testable import Providers

@Suite("Structured output")
struct StructuredOutputTests {
    static let person = OutputSchema(
        name: "person",
        schema: [
            "type": "object", "properties": ["name": ["type": "string", "maxLength": 9]], "required": ["name"],
        ], isStrict: true)
    static let names = OutputSchema(name: "names", schema: ["type": "array", "items": ["type": "string"]])
    static let open = OutputSchema(name: "open", schema: ["type": "object", "additionalProperties": true])

    static func request(_ schema: OutputSchema, tools: [ToolDefinition] = []) -> ChatRequest {
        ChatRequest(model: "mock-model", messages: [.user("who?")], tools: tools, outputSchema: schema)
    }

    @Test("OpenAI gets the schema, strict where it can be")
    func openAI() async throws {
        let test = try await TestProviders(MockOpenAI.text(#"{"name": "Ada"}"#), MockOpenAI.text(#"{"value": ["a"]}"#))
        let provider = try test.openAI()
        #expect(try await provider.respond(to: Self.request(Self.person)).message.text == #"{"name": "Ada"}"#)
        let format = test.server.requests[0].json["response_format"]
        #expect(format?["type"] == "json_schema")
        #expect(format?["json_schema"]?["name"] == "person")
        // maxLength is nothing that strict mode knows.
        #expect(format?["json_schema"]?["strict"] == false)
        // An array stands in an object on its way.
        #expect(try await provider.respond(to: Self.request(Self.names)).message.text == #"["a"]"#)
        let wrapped = test.server.requests[1].json["response_format"]?["json_schema"]?["schema"]
        #expect(wrapped?["properties"]?["value"] == Self.names.schema)
    }

    @Test("Anthropic gets the schema closed, without limits that it does not know")
    func anthropic() async throws {
        let test = try await TestProviders(MockAnthropic.text(#"{"name": "Ada"}"#))
        #expect(try await test.anthropic().respond(to: Self.request(Self.person)).message.text == #"{"name": "Ada"}"#)
        #expect(
            test.server.requests[0].json["output_config"]?["format"] == [
                "type": "json_schema",
                "schema": [
                    "type": "object", "properties": ["name": ["type": "string"]], "required": ["name"],
                    "additionalProperties": false,
                ],
            ])
    }

    @Test("a schema that Anthropic cannot close is asked for by a tool that must be called")
    func anthropicTool() async throws {
        let test = try await TestProviders(MockAnthropic.calls(MockCall("answer_open", ["any": 1])))
        let response = try await test.anthropic().respond(to: Self.request(Self.open))
        #expect(response.message == AssistantMessage(text: #"{"any":1}"#))
        #expect(response.finish == .stop)
        #expect(test.server.requests[0].json["tool_choice"] == ["type": "tool", "name": "answer_open"])
        #expect(test.server.requests[0].json["output_config"] == nil)
    }

    @Test("a server that refuses a schema is asked by a tool from then on")
    func fallback() async throws {
        let test = try await TestProviders { request in
            request.json["response_format"] != nil
                ? MockOpenAI.error(400, "'response_format' of type 'json_schema' is not supported")
                : MockOpenAI.calls(MockCall("answer_names", ["value": ["a", "b"]]))
        }
        let provider = try test.openAI(.compatible)
        for _ in 0..<2 {
            let response = try await provider.respond(to: Self.request(Self.names))
            #expect(response.message.text == #"["a","b"]"#)
            #expect(response.message.toolCalls.isEmpty)
        }
        #expect(test.server.requests.count == 3)
        // Another schema may be one that it takes.
        _ = try await provider.respond(to: Self.request(Self.person))
        #expect(test.server.requests[3].json["response_format"] != nil)
    }

    @Test("beside other tools some tool must be called; an answer given too early does not count")
    func besideTools() async throws {
        let test = try await TestProviders(
            MockOpenAI.calls(
                MockCall("read", ["path": "x"], id: "a"), MockCall("answer_person", ["name": "?"], id: "b")))
        let provider = try test.openAI(structuredOutput: .tool)
        let response = try await provider.respond(to: Self.request(Self.person, tools: [RequestTests.read]))
        #expect(response.message.toolCalls.map(\.name) == ["read"])
        #expect(response.finish == .toolCalls)
        #expect(test.server.requests[0].json["tool_choice"] == "required")
        #expect(test.server.requests[0].json["tools"]?.elements?.count == 2)
    }

    @Test("a server that knows neither is told in words, and a code fence is taken off")
    func instruction() async throws {
        let test = try await TestProviders(MockOpenAI.text("```json\n[\"a\"]\n```"))
        let provider = try test.openAI(structuredOutput: .instruction)
        #expect(try await provider.respond(to: Self.request(Self.names)).message.text == "[\"a\"]")
        let system = test.server.requests[0].json["messages"]?.elements?[0]["content"]?.string
        #expect(system?.contains(Self.names.schema.text) == true)
    }
}
