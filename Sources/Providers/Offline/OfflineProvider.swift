internal import JSON

/// Answers by a script, without any model or network: for demonstrations and tests.
///
/// The model's name, and the first text of a conversation, say that it is none.
public final class OfflineProvider: Provider {
    /// What texts begin with.
    public static let label = "[offline: no model] "

    public let name: String
    private let script: OfflineScript
    private let clock: ProviderClock

    public convenience init(name: String = "offline", script: OfflineScript = .builtIn) {
        self.init(name: name, script: script, clock: ProviderClock())
    }

    init(name: String = "offline", script: OfflineScript, clock: ProviderClock) {
        self.name = name
        self.script = script
        self.clock = clock
    }

    public func respond(
        to request: ChatRequest, onEvent: @escaping @Sendable (ChatEvent) async throws -> Void
    ) async throws -> ChatResponse {
        let scene = OfflineScene(request)
        var answer = OfflineAnswer(scene: scene)
        var pace = Duration.zero
        if let (rule, found) = script.rules.firstMatch(scene) {
            if rule.delay > .zero { try await clock.sleep(rule.delay) }
            if let failure = rule.failure {
                throw ProviderError(
                    failure.code, failure.message, retryAfter: failure.retryAfter, provider: name, model: request.model)
            }
            pace = rule.pace
            answer.follow(rule, found)
        } else {
            answer.improvise()
        }
        if script.isLabelled { answer.label() }
        let response = answer.response(model: "offline: no model (\(script.name))")
        try await tell(response.message, pace: pace, onEvent)
        return response
    }

    private func tell(
        _ message: AssistantMessage, pace: Duration, _ onEvent: @Sendable (ChatEvent) async throws -> Void
    ) async throws {
        try Task.checkCancellation()
        try await onEvent(.started)
        for word in Self.words(of: message.text ?? message.refusal ?? "") {
            try await onEvent(.text(word))
            if pace > .zero { try await clock.sleep(pace) }
        }
        for (index, call) in message.toolCalls.enumerated() {
            try await onEvent(.toolCall(index: index, name: call.name, argumentsFragment: call.rawArguments))
        }
    }

    private static func words(of text: String) -> [String] {
        var words: [String] = []
        for letter in text {
            if words.last.map({ $0.last == " " }) ?? true { words.append("") }
            words[words.count - 1].append(letter)
        }
        return words
    }
}

extension [OfflineRule] {
    fileprivate func firstMatch(_ scene: OfflineScene) -> (rule: OfflineRule, found: [String])? {
        for rule in self {
            if let found = rule.condition.match(scene) { return (rule, found) }
        }
        return nil
    }
}
