import JSON
import MockServer
import TestSupport
import Testing

@testable import Providers

@Suite("Failures and retries")
struct RetryTests {
    static let ok = MockOpenAI.text("fine")

    @Test(
        "what may pass is asked again, after the pause that the server demands",
        arguments: [
            (MockOpenAI.error(500), Duration.milliseconds(500)),
            (MockOpenAI.error(408), .milliseconds(500)),
            (MockOpenAI.error(409), .milliseconds(500)),
            (MockOpenAI.error(429), .milliseconds(500)),
            (MockAnthropic.error(529, type: "overloaded_error"), .milliseconds(500)),
            (MockOpenAI.error(429, headers: ["retry-after": "2"]), .seconds(2)),
            (MockOpenAI.error(429, headers: ["retry-after": "0.25"]), .milliseconds(250)),
            (MockOpenAI.error(429, headers: ["retry-after": "9", "retry-after-ms": "1500"]), .milliseconds(1500)),
            (MockOpenAI.error(429, headers: ["retry-after": "0"]), .milliseconds(500)),
            (MockOpenAI.error(429, headers: ["retry-after": "soon"]), .milliseconds(500)),
            // By the server's clock.
            (
                MockOpenAI.error(
                    503,
                    headers: [
                        "retry-after": "Sun, 06 Nov 1994 08:49:40 GMT", "date": "Sun, 06 Nov 1994 08:49:37 GMT",
                    ]), .seconds(3)
            ),
            // By ours: 1800000000 is 08:00:00 that day.
            (MockOpenAI.error(503, headers: ["retry-after": "Fri, 15 Jan 2027 08:00:04 GMT"]), .seconds(4)),
            (MockOpenAI.error(400, headers: ["x-should-retry": "true"]), .milliseconds(500)),
            (.hangUp, .milliseconds(500)),
            (MockOpenAI.text("a b").cut(after: 0, then: .drop), .milliseconds(500)),
            (
                .stream(["data: {\"error\":{\"message\":\"busy\",\"type\":\"overloaded_error\"}}\n\n"]),
                .milliseconds(500)
            ),
            (.stream(["data: not json\n\n"]), .milliseconds(500)),
            (.text("<html>", status: 502), .milliseconds(500)),
            // llama.cpp while it loads its model.
            (
                .json(["error": ["code": 503, "message": "Loading model", "type": "unavailable_error"]], status: 503),
                .milliseconds(500)
            ),
        ])
    func retries(failure: MockAnswer, pause: Duration) async throws {
        let test = try await TestProviders(failure, Self.ok)
        let heard = Heard()
        let response = try await test.openAI().respond(to: .hello) { heard.hear($0) }
        #expect(response.message.text == "fine")
        #expect(test.server.requests.count == 2)
        #expect(test.clock.pauses == [pause])
        #expect(heard.events.contains { if case .retrying(after: pause, _) = $0 { true } else { false } })
        #expect(test.server.requests[0].body == test.server.requests[1].body)
    }

    @Test(
        "what will not pass is not asked again",
        arguments: [
            (MockOpenAI.error(400, type: "invalid_request_error"), ProviderError.Code.invalidRequest),
            (MockOpenAI.error(401, type: "invalid_request_error", code: "invalid_api_key"), .authentication),
            (MockOpenAI.error(403), .permission),
            (.text("<html>", headers: ["Content-Type": "text/html; charset=utf-8"]), .refused),
            (MockOpenAI.error(404, "the model `x` does not exist", code: "model_not_found"), .modelNotFound),
            (MockOpenAI.error(422), .invalidRequest),
            (MockOpenAI.error(429, type: "insufficient_quota", code: "insufficient_quota"), .quota),
            (MockOpenAI.error(400, "too long", code: "context_length_exceeded"), .contextOverflow),
            (MockOpenAI.error(400, "This model's maximum context length is 8192 tokens"), .contextOverflow),
            (MockAnthropic.error(413, type: "request_too_large"), .contextOverflow),
            (
                MockAnthropic.error(400, type: "invalid_request_error", "prompt is too long: 210000 tokens"),
                .contextOverflow
            ),
            (MockAnthropic.error(400, type: "invalid_request_error", "Your credit balance is too low"), .quota),
            (MockAnthropic.error(402, type: "billing_error"), .quota),
            (MockOpenAI.error(500, headers: ["x-should-retry": "false"]), .server),
            // xAI: flat, and 400 for a wrong key.
            (
                .json(
                    ["code": "Client specified an invalid argument", "error": "Argument not supported"], status: 400),
                .invalidRequest
            ),
            (.json(["code": "x", "error": "Incorrect API key provided: ab***"], status: 400), .authentication),
            // vLLM: flat with a number.
            (
                .json(["object": "error", "message": "maximum context length is 4096", "code": 400], status: 400),
                .contextOverflow
            ),
            (.json(["detail": [["msg": "field required"]]], status: 422), .invalidRequest),
            (MockAnswer(status: 302, headers: ["Location": "http://169.254.169.254/"], steps: []), .refused),
        ])
    func refusals(failure: MockAnswer, code: ProviderError.Code) async throws {
        let test = try await TestProviders(failure)
        let error = try await providerError { try await test.openAI().respond(to: .hello) }
        #expect(error.code == code)
        #expect(!error.isRetryable)
        #expect(test.server.requests.count == 1)
        #expect(!error.message.isEmpty)
    }

    @Test(
        "a longer pause than a worker waits for is handed to the caller",
        arguments: [
            (["retry-after": "30"], Duration.seconds(30)), (["retry-after-ms": "274579000"], .seconds(274_579)),
            (["retry-after": "6"], .seconds(6)),
        ])
    func longPauses(headers: [String: String], pause: Duration) async throws {
        let test = try await TestProviders(MockOpenAI.error(429, "slow down", headers: headers), Self.ok)
        let error = try await providerError { try await test.openAI().respond(to: .hello) }
        #expect(error.code == .rateLimited)
        #expect(error.status == 429)
        #expect(error.retryAfter == pause)
        #expect(error.isRetryable)
        #expect(test.server.requests.count == 1)
    }

    @Test("the pauses double, and after two of them it fails")
    func gaveUp() async throws {
        let test = try await TestProviders(
            MockOpenAI.error(500, "no luck", headers: ["x-request-id": "req_9"]))
        let error = try await providerError { try await test.openAI().respond(to: .hello) }
        #expect(error.code == .server)
        #expect(error.requestID == "req_9")
        #expect(error.description.contains("no luck"))
        #expect(test.clock.pauses == [.milliseconds(500), .seconds(1)])
        #expect(test.server.requests.count == 3)
        let policy = RetryPolicy()
        #expect(policy.backoff(attempt: 9, random: 0) == .seconds(8))
        #expect(policy.backoff(attempt: 0, random: 1) == .milliseconds(375))
    }

    @Test(
        "an answer that breaks off after its beginning was told is not asked for again",
        arguments: [
            MockOpenAI.text("one two three four").cut(after: 3, then: .drop),
            .stream(
                Array(MockOpenAI.chunks(text: "one two").prefix(2).map { "data: \($0.text)\n\n" })
                    + ["data: {\"error\":{\"message\":\"overloaded\",\"type\":\"overloaded_error\"}}\n\n"]),
            MockOpenAI.stream(Array(MockOpenAI.chunks(text: "one two").prefix(2)), done: false),
            .stream(["data: \(MockOpenAI.chunk(["content": "one"]).text)\n\n", "data: {\"cho"]),
        ])
    func interrupted(answer: MockAnswer) async throws {
        let test = try await TestProviders(answer, Self.ok)
        let heard = Heard()
        let error = try await providerError { try await test.openAI().respond(to: .hello) { heard.hear($0) } }
        #expect(error.code == .interrupted)
        #expect(error.isRetryable)
        #expect(heard.text.hasPrefix("one"))
        #expect(test.server.requests.count == 1)
    }

    @Test("an error after status 200 is one", arguments: [true, false])
    func errorAfterOK(isStream: Bool) async throws {
        let error: JSONValue = [
            "type": "error", "error": ["type": "invalid_request_error", "message": "no such thing"],
        ]
        let test = try await TestProviders(
            isStream ? MockAnthropic.stream([MockAnthropic.start, error]) : .json(error))
        let thrown = try await providerError { try await test.anthropic().respond(to: .hello) }
        #expect(thrown.code == .invalidRequest)
        #expect(thrown.message.contains("no such thing"))
    }

    @Test("a server that falls silent is given up, before and after its first words")
    func stalls() async throws {
        let timeouts = ProviderTimeouts(total: .seconds(20), idle: .seconds(1))
        let silent = try await TestProviders(.silence, MockOpenAI.text("x").cut(after: 0, then: .stall), Self.ok)
        // On a busy machine even the good answer may come too late once.
        let provider = try silent.openAI(timeouts: timeouts, retry: RetryPolicy(retries: 10))
        #expect(try await provider.respond(to: .hello).message.text == "fine")
        #expect(silent.server.requests.count >= 3)

        let stalled = try await TestProviders(MockOpenAI.text("one two three").cut(after: 3, then: .stall))
        let error = try await providerError { try await stalled.openAI(timeouts: timeouts).respond(to: .hello) }
        #expect([.interrupted, .timeout].contains(error.code))
    }

    @Test("all requests together have one limit of time")
    func total() async throws {
        let test = try await TestProviders(.silence)
        let timeouts = ProviderTimeouts(total: .seconds(1), idle: .seconds(60))
        let error = try await providerError { try await test.openAI(timeouts: timeouts).respond(to: .hello) }
        #expect(error.code == .timeout)
        #expect(test.server.requests.count <= 1)
    }

    @Test("a server that leaves the connection open after its answer is not waited for")
    func openEnd() async throws {
        var answer = Self.ok
        answer.steps.append(.stall)
        let test = try await TestProviders(answer)
        let start = ContinuousClock.now
        #expect(try await test.openAI().respond(to: .hello).message.text == "fine")
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test("nobody answers at a closed port")
    func closedPort() async throws {
        let settings = ProviderSettings(
            name: "test", url: try ProviderURL("http://127.0.0.1:1"), logger: .silent)
        let provider = OpenAIProvider(settings, dialect: .openai, clock: FakeClock().clock)
        let error = try await providerError { try await provider.respond(to: .hello) }
        #expect(error.code == .connection)
        #expect(error.message.contains("127.0.0.1:1"))
    }

    @Test("cancelling closes the request")
    func cancellation() async throws {
        let gate = MockGate()
        let test = try await TestProviders(MockOpenAI.text("one two").inserting(.gate(gate), at: 2))
        let provider = try test.openAI()
        let begun = MockGate()
        let task = Task {
            try await provider.respond(to: .hello) { if case .text = $0 { begun.open() } }
        }
        await begun.opened()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        try await waitUntil("the server to see it") { test.server.closedConnections == 1 }
        gate.open()
    }

    @Test("what the listener throws comes through, and is no failure of the server")
    func listener() async throws {
        struct Enough: Error {}
        let test = try await TestProviders(Self.ok)
        await #expect(throws: Enough.self) {
            try await test.openAI().respond(to: .hello) { if case .text = $0 { throw Enough() } }
        }
        #expect(test.server.requests.count == 1)
    }
}
