import FoundationEssentials
import JSON
import Logging
import MockServer
import TestSupport
import Testing

@testable import Providers

/// LiteLLM, and the clients of OpenAI and Anthropic, as independent peers: scripts/peers installs them and runs this.
@Suite("Peers", .enabled(if: Peers.folder != nil, "run scripts/peers"), .serialized)
struct PeerTests {
    static let key = "sk-peer-0123456789"

    private static func settings(_ url: String, key: String = key) throws -> ProviderSettings {
        ProviderSettings(name: "peer", url: try ProviderURL(url), key: Secret(key), logger: .silent)
    }

    private static func request(_ model: String, tools: [ToolDefinition] = []) -> ChatRequest {
        var request = ChatRequest(model: model, system: "Be brief.", messages: [.user("hi")], tools: tools)
        request.maxOutputTokens = 64
        return request
    }

    @Test("our client understands LiteLLM's proxy, in both formats, also when it translates")
    func proxy() async throws {
        let mock = try await MockServer.start { request in
            let hasResult = request.json.text.contains("the file says")
            let call = MockCall("read", ["path": "ä.txt"], id: "call_peer1")
            if request.path.hasSuffix("/messages") {
                return hasResult
                    ? MockAnthropic.text("It says größer 🦉") : MockAnthropic.calls(call, text: "Let me look")
            }
            return hasResult ? MockOpenAI.text("It says größer 🦉") : MockOpenAI.calls(call, text: "Let me look")
        }
        let proxy = try await Peers.startProxy(mock: mock.url)
        defer { proxy.process.kill() }
        let chat = OpenAIProvider(try Self.settings(proxy.url), dialect: .compatible)
        let messages = AnthropicProvider(try Self.settings(proxy.url))

        for provider in [chat, messages] as [any Provider] {
            let response = try await provider.respond(to: Self.request("fixed"))
            #expect(response.message.text == "Hello from the proxy, größer 🦉")
            #expect(response.finish == .stop)
            #expect(response.usage != nil)
        }
        for (provider, model) in [
            (chat, "to-openai"), (chat, "to-anthropic"), (messages, "to-anthropic"), (messages, "to-openai"),
        ]
            as [(any Provider, String)]
        {
            var request = Self.request(model, tools: [RequestTests.read])
            let first = try await provider.respond(to: request)
            let comment = Comment(rawValue: "\(type(of: provider)) \(model): \(first)")
            #expect(first.message.toolCalls.map(\.name) == ["read"], comment)
            #expect(first.message.toolCalls.map(\.arguments) == [["path": "ä.txt"]], comment)
            #expect(first.finish == .toolCalls, comment)
            guard let call = first.message.toolCalls.first else { continue }
            request.messages += [
                .assistant(first.message),
                .toolResults([ToolResultMessage(toolCallID: call.id, content: "the file says x")]),
            ]
            let heard = Heard()
            let second = try await provider.respond(to: request) { heard.hear($0) }
            #expect(second.message.text == "It says größer 🦉", comment)
            #expect(heard.text == second.message.text, comment)
            #expect(second.usage?.total ?? 0 > 0, comment)
        }

        let limited = OpenAIProvider(
            try Self.settings(proxy.url), dialect: .compatible, clock: FakeClock().clock)
        #expect(try await providerError { try await limited.respond(to: Self.request("limited")) }.code == .rateLimited)
        #expect(try await providerError { try await chat.respond(to: Self.request("none")) }.code == .invalidRequest)
    }

    @Test("the clients of LiteLLM, OpenAI and Anthropic understand our mock server")
    func clients() async throws {
        let mock = try await MockServer.start { request in
            let call = MockCall("read", ["path": "ä.txt"], id: "call_peer1")
            let wantsTool = request.json["tools"] != nil
            let streams = request.json["stream"] == true
            if request.path.hasSuffix("/messages") {
                if wantsTool { return MockAnthropic.calls(call) }
                return streams
                    ? MockAnthropic.text("größer 🦉") : MockAnthropic.whole([["type": "text", "text": "größer 🦉"]])
            }
            if wantsTool { return MockOpenAI.calls(call) }
            return streams
                ? MockOpenAI.text("größer 🦉") : MockOpenAI.whole(["role": "assistant", "content": "größer 🦉"])
        }
        let result = try await TestProcess.run(
            Peers.python, [Peers.script, mock.url], environment: Peers.environment, timeout: .seconds(180))
        #expect(result.status == 0, "\(result.output)\n\(result.errors)")
        #expect(result.output.contains("8 exchanges understood"), "\(result.output)")
    }
}

/// The programs that the peers are.
enum Peers {
    /// The virtual environment that scripts/peers has made.
    static let folder = ProcessInfo.processInfo.environment["AGENTCORP_PEERS"]
    static var python: String { (folder ?? "") + "/bin/python" }
    static var script: String {
        #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/scripts/peers-client.py"
    }
    /// No proxy, and nothing asked of the network.
    static let environment = [
        "NO_PROXY": "*", "no_proxy": "*", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False",
        "DISABLE_ADMIN_UI": "True",
    ]

    struct Proxy {
        let process: TestProcess
        let url: String
    }

    static func startProxy(mock: String) async throws -> Proxy {
        // A port that was free a moment ago.
        let port = try await MockServer.start(.silence).port
        let path = "/tmp/agentcorp-litellm-\(UUID().uuidString).yaml"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let configuration = """
            model_list:
              - {model_name: fixed, litellm_params: {model: anthropic/claude-haiku-4-5, api_key: sk-none, mock_response: "Hello from the proxy, größer 🦉"}}
              - {model_name: limited, litellm_params: {model: openai/gpt-4o-mini, api_key: sk-none, mock_response: "litellm.RateLimitError"}}
              - {model_name: to-openai, litellm_params: {model: openai/gpt-4o-mini, api_key: sk-none, api_base: "\(mock)/v1"}}
              - {model_name: to-anthropic, litellm_params: {model: anthropic/claude-haiku-4-5, api_key: sk-none, api_base: "\(mock)"}}
            litellm_settings: {use_chat_completions_url_for_anthropic_messages: true}
            general_settings: {master_key: \(PeerTests.key)}
            """
        try Data(configuration.utf8).write(to: URL(filePath: path))
        let process = try TestProcess.start(
            (folder ?? "") + "/bin/litellm", ["--config", path, "--host", "127.0.0.1", "--port", "\(port)"],
            environment: environment)
        let proxy = Proxy(process: process, url: "http://127.0.0.1:\(port)")
        try await waitUntil("LiteLLM to start: \(process.output) \(process.errors)", timeout: .seconds(120)) {
            let settings = ProviderSettings(name: "peer", url: try ProviderURL(proxy.url), key: Secret(PeerTests.key))
            let provider = OpenAIProvider(settings, dialect: .compatible, clock: FakeClock().clock)
            guard process.isRunning else { throw TestSupportError("it ended: \(process.output) \(process.errors)") }
            return (try? await provider.respond(to: ChatRequest(model: "fixed", messages: [.user("hi")]))) != nil
        }
        return proxy
    }
}
