internal import JSON

/// An answer of the offline provider in the making.
struct OfflineAnswer {
    private let scene: OfflineScene
    private var message = AssistantMessage()
    private var finish: FinishReason?

    init(scene: OfflineScene) {
        self.scene = scene
    }

    /// What a rule says.
    mutating func follow(_ rule: OfflineRule, _ found: [String]) {
        message.text = rule.reply.map { OfflineTemplate.fill($0, scene, found) }
        if let value = rule.value { message.text = OfflineTemplate.fill(value, scene, found).text }
        message.refusal = rule.refusal.map { OfflineTemplate.fill($0, scene, found) }
        message.toolCalls = rule.calls.enumerated().map { index, call in
            let arguments = OfflineTemplate.fill(call.arguments, scene, found)
            return ToolCallRequest(
                // The same for the same request, and another one in every other turn.
                id: "call_\(scene.request.messages.count)_\(index)", name: scene.toolName(call.name),
                arguments: arguments, rawArguments: arguments.text)
        }
        finish = rule.finish
    }

    /// What no rule says anything about.
    mutating func improvise() {
        if let schema = scene.request.outputSchema {
            message.text = OfflineExample(schema: schema.schema, text: scene.lastUser).value.text
        } else if !scene.results.isEmpty {
            message.text = "The tools said: \(scene.lastResult)"
        } else {
            message.text = "You said: \(scene.lastUser)"
        }
    }

    mutating func label() {
        guard scene.isFirstAnswer, scene.request.outputSchema == nil, let text = message.text else { return }
        message.text = OfflineProvider.label + text
    }

    func response(model: String) -> ChatResponse {
        let reason = finish ?? (!message.toolCalls.isEmpty ? .toolCalls : message.refusal != nil ? .refusal : .stop)
        let answered =
            (message.text ?? "") + (message.refusal ?? "")
            + message.toolCalls.map { $0.name + $0.rawArguments }.joined()
        let usage = TokenUsage(
            input: TokenEstimate(scene.request).input, output: max(1, (answered.utf8.count + 2) / 3))
        return ChatResponse(
            id: nil, model: model, message: message, finish: reason, usage: usage,
            raw: ["offline": true, "model": .string(model), "text": .string(answered)])
    }
}
