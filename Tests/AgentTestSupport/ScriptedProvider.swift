package import JSON
package import Providers
internal import Synchronization

/// A provider in the test process that answers as a closure says, and writes down what it is asked.
package final class ScriptedProvider: Provider {
    package let name: String
    private let asked = Mutex<[ChatRequest]>([])
    private let answer: @Sendable (ChatRequest, Int) async throws -> ChatResponse

    /// - Parameter answer: Gets the request and its number, counted from 0.
    package init(
        named name: String = "script", _ answer: @escaping @Sendable (ChatRequest, Int) async throws -> ChatResponse
    ) {
        self.name = name
        self.answer = answer
    }

    /// Answers each request with the next of these; what comes after the last gets the last again.
    package convenience init(named name: String = "script", _ answers: ChatResponse...) {
        self.init(named: name) { _, number in answers[min(number, answers.count - 1)] }
    }

    package var requests: [ChatRequest] { asked.withLock { $0 } }

    package func respond(
        to request: ChatRequest, onEvent: @escaping @Sendable (ChatEvent) async throws -> Void
    ) async throws -> ChatResponse {
        let number = asked.withLock { asked in
            asked.append(request)
            return asked.count - 1
        }
        var response = try await answer(request, number)
        if response.model.isEmpty { response.model = request.model }
        try await onEvent(.started)
        if let text = response.message.text { try await onEvent(.text(text)) }
        return response
    }

    package func fault(
        _ code: ProviderError.Code, _ message: String = "it went wrong", retryAfter: Duration? = nil
    ) -> ProviderError {
        ProviderError(code, message, retryAfter: retryAfter, provider: name, model: "m")
    }
}

extension ChatResponse {
    package static func text(
        _ text: String?, refusal: String? = nil, finish: FinishReason = .stop,
        usage: TokenUsage? = TokenUsage(input: 100, output: 10)
    ) -> ChatResponse {
        ChatResponse(
            id: nil, model: "", message: AssistantMessage(text: text, refusal: refusal), finish: finish, usage: usage,
            raw: .null)
    }

    /// Calls of tools, as a provider sends them.
    package static func calls(_ calls: ToolCallRequest..., text: String? = nil) -> ChatResponse {
        .calls(calls, text: text)
    }

    package static func calls(_ calls: [ToolCallRequest], text: String? = nil) -> ChatResponse {
        ChatResponse(
            id: nil, model: "", message: AssistantMessage(text: text, toolCalls: calls), finish: .toolCalls,
            usage: TokenUsage(input: 100, output: 10), raw: .null)
    }
}

extension ToolCallRequest {
    package static func call(_ name: String, _ arguments: JSONValue = [:], id: String = "c1") -> ToolCallRequest {
        ToolCallRequest(id: id, name: name, rawArguments: arguments.text)
    }
}

extension ChatRequest {
    /// All that was said by users, the engine's notes among it.
    package var userTexts: [String] {
        messages.compactMap { message in
            guard case .user(let parts) = message, case .text(let text)? = parts.first else { return nil }
            return text
        }
    }

    /// The results of the last calls.
    package var lastResults: [ToolResultMessage] {
        messages.reversed().lazy.compactMap { message in
            if case .toolResults(let results) = message { results } else { nil }
        }.first ?? []
    }

    package var answers: Int {
        messages.count { if case .assistant = $0 { true } else { false } }
    }
}
