import JSON
import Logging
import MockServer
import Synchronization
import TestSupport

@testable import Providers

/// Providers that ask a mock server, with a clock that does not wait.
struct TestProviders {
    let server: MockServer
    let clock = FakeClock()

    init(_ answers: MockAnswer...) async throws {
        server = try await MockServer.start { answers[min($0.number, answers.count - 1)] }
    }

    init(answer: @escaping @Sendable (MockRequest) -> MockAnswer) async throws {
        server = try await MockServer.start(answer: answer)
    }

    static let key = "sk-canary-0123456789-abcdef"

    func settings(
        _ name: String, timeouts: ProviderTimeouts = ProviderTimeouts(), retry: RetryPolicy = RetryPolicy(),
        structuredOutput: StructuredOutput = .native, logger: Logger = .silent
    ) throws -> ProviderSettings {
        ProviderSettings(
            name: name, url: try ProviderURL(server.url), key: Secret(Self.key), timeouts: timeouts, retry: retry,
            structuredOutput: structuredOutput, logger: logger)
    }

    func openAI(
        _ dialect: OpenAIDialect = .openai, timeouts: ProviderTimeouts = ProviderTimeouts(),
        retry: RetryPolicy = RetryPolicy(), structuredOutput: StructuredOutput = .native, logger: Logger = .silent
    ) throws -> OpenAIProvider {
        OpenAIProvider(
            try settings(
                "test", timeouts: timeouts, retry: retry, structuredOutput: structuredOutput, logger: logger),
            dialect: dialect, clock: clock.clock)
    }

    func anthropic(
        timeouts: ProviderTimeouts = ProviderTimeouts(), structuredOutput: StructuredOutput = .native
    ) throws -> AnthropicProvider {
        AnthropicProvider(
            try settings("test", timeouts: timeouts, structuredOutput: structuredOutput), clock: clock.clock)
    }
}

/// Notes pauses instead of making them.
final class FakeClock: Sendable {
    private let state = Mutex<[Duration]>([])

    var pauses: [Duration] { state.withLock { $0 } }

    var clock: ProviderClock {
        ProviderClock(
            sleep: { pause in self.state.withLock { $0.append(pause) } }, random: { 0 }, now: { 1_800_000_000 })
    }
}

/// Events in order.
final class Heard: Sendable {
    private let state = Mutex<[ChatEvent]>([])

    var events: [ChatEvent] { state.withLock { $0 } }
    var text: String {
        events.map { if case .text(let text) = $0 { text } else { "" } }.joined()
    }

    func hear(_ event: ChatEvent) { state.withLock { $0.append(event) } }
}

extension ChatRequest {
    static let hello = ChatRequest(model: "mock-model", messages: [.user("hello")])
}

/// The error of a call that must fail with one of a provider's.
func providerError(_ body: () async throws -> some Sendable) async throws -> ProviderError {
    do {
        _ = try await body()
    } catch let error as ProviderError {
        return error
    }
    throw NoError()
}

struct NoError: Error {}
