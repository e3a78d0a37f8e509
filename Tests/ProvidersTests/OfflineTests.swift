import JSON
import Testing

@testable import Providers

@Suite("The offline provider")
struct OfflineTests {
    static let script = #"""
        {
          "name": "demo",
          "rules": [
            {"when": {"user_matches": "read * and *", "turn": 1, "has_tools": "filesys.read_file"},
             "reply": "Reading {{1}}.",
             "calls": [{"name": "filesys.read_file", "arguments": {"path": "{{1}}"}},
                       {"name": "list", "arguments": {"depth": 2}}]},
            {"when": {"result_contains": "no such"}, "reply": "It is not there."},
            {"when": {"has_results": true}, "reply": "It says: {{last_result.text}} ({{2}} in turn {{turn}})"},
            {"when": {"user_contains": ["PLAN", "two"], "has_schema": true}, "value": {"steps": ["{{last_user}}", "b"]}},
            {"when": {"user_contains": "forbidden"}, "refusal": "I will not."},
            {"when": {"user_contains": "busy"}, "fail": {"code": "rate_limited", "retry_after": 40}},
            {"when": {"user_contains": "long"}, "reply": "and so", "finish": "length", "delay": 2, "pace": 0.5}
          ]
        }
        """#

    static func provider(_ text: String = script, clock: FakeClock = FakeClock()) throws -> OfflineProvider {
        OfflineProvider(script: try OfflineScript(text.utf8, at: "demo.json"), clock: clock.clock)
    }

    static func ask(_ text: String, tools: [String] = [], schema: JSONValue? = nil) -> ChatRequest {
        ChatRequest(
            model: "m", messages: [.user(text)],
            tools: tools.map { ToolDefinition(name: $0, description: "", parameters: ["type": "object"]) },
            outputSchema: schema.map { OutputSchema(name: "s", schema: $0) })
    }

    @Test("templates of others are written with an equals sign, also in the arguments of calls")
    func quoted() async throws {
        let provider = try Self.provider(
            #"{"label": false, "rules": [{"reply": "{{=a.b}} of {{last_user}}", "calls": [{"name": "t", "arguments": {"p": ["{{= x }}"]}}]}]}"#
        )
        let message = try await provider.respond(to: Self.ask("u")) { _ in }.message
        #expect(message.text == "{{a.b}} of u")
        #expect(message.toolCalls.first?.arguments == ["p": ["{{ x}}"]])
    }

    @Test("rules call tools, read their results, and the same request has the same answer")
    func conversation() async throws {
        let text = Self.script.replacing(" ({{2}} in turn {{turn}})", with: " in turn {{turn}}")
        let provider = try Self.provider(text)
        var request = Self.ask("Read Notes.txt and sum up", tools: ["filesys__read_file", "list"])
        let heard = Heard()
        let first = try await provider.respond(to: request) { heard.hear($0) }
        #expect(first.model == "offline: no model (demo)")
        #expect(first.message.text == "[offline: no model] Reading Notes.txt.")
        #expect(heard.text == first.message.text)
        #expect(first.message.toolCalls.map(\.name) == ["filesys__read_file", "list"])
        #expect(first.message.toolCalls.map(\.arguments) == [["path": "Notes.txt"], ["depth": 2]])
        #expect(first.finish == .toolCalls)
        #expect(try await provider.respond(to: request) == first)
        #expect(first.usage?.output ?? 0 > 0)

        request.messages += [
            .assistant(first.message),
            .toolResults([
                ToolResultMessage(toolCallID: first.message.toolCalls[0].id, content: #"{"text": "milk"}"#)
            ]),
        ]
        // The second result is missing; it is one of the results.
        request.messages[1] = .assistant(
            AssistantMessage(text: first.message.text, toolCalls: [first.message.toolCalls[0]]))
        #expect(try await provider.respond(to: request).message.text == "It says: milk in turn 2")
    }

    @Test("structured values, refusals, failures, cut answers and pauses are played")
    func others() async throws {
        let clock = FakeClock()
        let provider = try Self.provider(Self.script.replacing("({{2}} ", with: "("), clock: clock)
        let plan = try await provider.respond(to: Self.ask("plan two steps", schema: ["type": "object"]))
        #expect(plan.message.text == #"{"steps":["plan two steps","b"]}"#)
        #expect(try await provider.respond(to: Self.ask("forbidden")).finish == .refusal)
        let error = try await providerError { try await provider.respond(to: Self.ask("busy")) }
        #expect(error.code == .rateLimited)
        #expect(error.retryAfter == .seconds(40))
        #expect(try await provider.respond(to: Self.ask("so long")).finish == .length)
        #expect(clock.pauses.prefix(2) == [.seconds(2), .milliseconds(500)])
    }

    @Test("without a rule it repeats what was said, or gives an example of what was asked for")
    func improvised() async throws {
        let provider = OfflineProvider()
        let said = try await provider.respond(to: Self.ask("good day"))
        #expect(said.message.text == "[offline: no model] You said: good day")
        let schema: JSONValue = [
            "type": "object", "required": ["tasks"],
            "properties": [
                "tasks": ["type": "array", "minItems": 2, "items": ["$ref": "#/$defs/task"]],
                "kind": ["enum": ["a", "b"]], "count": ["type": "integer", "minimum": 3], "ok": ["type": "boolean"],
            ],
            "$defs": [
                "task": [
                    "type": "object", "required": ["title"],
                    "properties": ["title": ["type": "string", "maxLength": 4], "sub": ["$ref": "#/$defs/task"]],
                ]
            ],
        ]
        let answer = try await provider.respond(to: Self.ask("good day", schema: schema)).message.text ?? ""
        let value = try JSONValue(parsing: answer)
        #expect(try JSONSchema(schema).violations(of: value).isEmpty, "\(answer)")
        #expect(value["tasks"]?.elements?.count == 2)
        #expect(value["tasks"]?.elements?[0]["title"] == "good")
    }

    @Test(
        "a mistake in a script names its place",
        arguments: [
            (#"{"rules": [{"reply": "{{last_usr}}"}]}"#, "rule 1", "{{last_user}}"),
            (
                #"{"rules": [{"reply": "x"}, {"when": {"user_containz": "x"}, "reply": "x"}]}"#, "rule 2.when",
                "user_contains"
            ),
            (#"{"rules": [{"when": {"user_matches": "a*"}, "reply": "{{2}}"}]}"#, "rule 1", "1 wildcards"),
            (#"{"rules": [{"when": {"turn": 1}}]}"#, "rule 1", "says nothing"),
            (#"{"rules": [{"calls": [{"arguments": {}}]}]}"#, "calls[0]", "name"),
            (#"{"rules": [{"calls": [{"name": "f", "arguments": {"x": "{{oops}}"}}]}]}"#, "rule 1", "oops"),
            (#"{"rules": [{"fail": {"code": "sad"}}]}"#, "rule 1.fail.code", "rate_limited"),
            (#"{"rules": 1}"#, "rules", "array"), ("[", "demo.json", "JSON"),
        ])
    func mistakes(text: String, place: String, hint: String) {
        let error = #expect(throws: ProviderConfigurationError.self) { try OfflineScript(text.utf8, at: "demo.json") }
        let said = error?.description ?? ""
        #expect(said.contains("demo.json") && said.contains(place) && said.contains(hint), "\(said)")
    }

    @Test(
        "wildcards take as little as they can",
        arguments: [
            ("a*", "abc", ["bc"]), ("*c", "abc", ["ab"]), ("a*b*c", "aXbYc", ["X", "Y"]), ("a", "A", []),
            ("a", "ab", nil), ("a*b", "ab", [""]), ("a*a", "a", nil), ("*x*x*", "axbxc", ["a", "b", "c"]),
        ] as [(String, String, [String]?)])
    func patterns(pattern: String, text: String, found: [String]?) throws {
        #expect(try OfflinePattern(pattern, at: "p").match(text) == found)
    }
}
