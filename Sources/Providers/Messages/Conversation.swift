/// Messages put in the order that providers insist on: every call of a tool has exactly one result, directly after it.
///
/// A provider that gets anything else refuses the conversation for good. The engine's rows keep that order; this is for
/// whatever else may have written, pruned or forked a conversation.
struct Conversation: Sendable {
    /// A result that is missing, for the model.
    static let missing = "The result of this call was not recorded. It may or may not have taken effect."

    private(set) var messages: [ChatMessage] = []

    init(_ messages: [ChatMessage]) {
        var index = 0
        while index < messages.count {
            switch messages[index] {
            case .user(let parts):
                if !parts.isEmpty { self.messages.append(.user(parts)) }
            case .toolResults:
                // Without a call directly before it, nobody knows what it answers.
                break
            case .assistant(let message):
                let hasText = [message.text, message.refusal].contains { $0.map { !$0.isEmpty } ?? false }
                guard hasText || !message.toolCalls.isEmpty || message.native != nil else { break }
                self.messages.append(.assistant(message))
                guard !message.toolCalls.isEmpty else { break }
                let answers = messages[(index + 1)...].prefix { if case .assistant = $0 { false } else { true } }
                self.messages.append(.toolResults(Self.results(of: message.toolCalls, in: answers)))
            }
            index += 1
        }
    }

    /// One for each call, in the order of the calls: the first that there is.
    private static func results(
        of calls: [ToolCallRequest], in answers: ArraySlice<ChatMessage>
    ) -> [ToolResultMessage] {
        var results: [ToolResultMessage] = []
        for case .toolResults(let some) in answers { results += some }
        return calls.map { call in
            guard let index = results.firstIndex(where: { $0.toolCallID == call.id }) else {
                return ToolResultMessage(toolCallID: call.id, content: missing, isError: true)
            }
            return results.remove(at: index)
        }
    }
}
