internal import JSON

extension AnthropicRequestBody {
    /// The messages: user and assistant in turn, the user first, results before texts, no empty texts.
    var messages: [JSONValue] {
        var turns: [Turn] = []
        func add(_ role: String, _ blocks: [[String: JSONValue]]) {
            guard !blocks.isEmpty else { return }
            if let last = turns.indices.last, turns[last].role == role {
                turns[last].blocks += blocks
            } else {
                turns.append(Turn(role: role, blocks: blocks))
            }
        }
        var ids = ToolCallIDs()
        var open: [String] = []
        for message in Conversation(request.messages).messages {
            switch message {
            case .user(let parts):
                add("user", content(parts))
            case .assistant(let message):
                let native = native(of: message)
                open = ids.ids(of: message.toolCalls, keep: native != nil)
                add("assistant", native ?? content(message, ids: open))
            case .toolResults(let results):
                add("user", zip(open, results).map(content))
            }
        }
        if turns.first?.role != "user" {
            turns.insert(
                Turn(role: "user", blocks: [["type": "text", "text": "(The beginning is not shown.)"]]), at: 0)
        }
        if let last = turns.indices.last, turns[last].role == "assistant" { turns[last].trimEnd() }
        if request.isCacheable, let last = turns.lastIndex(where: { $0.role == "user" }) { turns[last].markEnd() }
        return turns.map(\.value)
    }

    private struct Turn {
        let role: String
        var blocks: [[String: JSONValue]]

        var value: JSONValue {
            ["role": .string(role), "content": .array(blocks.map(JSONValue.object))]
        }

        /// An answer that the model is to continue must not end in white space.
        mutating func trimEnd() {
            guard let last = blocks.indices.last, var text = blocks[last]["text"]?.string else { return }
            while text.last?.isWhitespace == true { text.removeLast() }
            blocks[last]["text"] = .string(text)
        }

        mutating func markEnd() {
            blocks[blocks.count - 1]["cache_control"] = ["type": "ephemeral"]
        }
    }

    /// What this model wrote itself, unchanged: signatures of its thinking cover every byte.
    private func native(of message: AssistantMessage) -> [[String: JSONValue]]? {
        guard let native = message.native, native.provider == provider, native.model == request.model,
            let blocks = native.content.elements?.compactMap(\.members), !blocks.isEmpty
        else { return nil }
        return blocks
    }

    private func content(_ parts: [ContentPart]) -> [[String: JSONValue]] {
        parts.compactMap { part -> [String: JSONValue]? in
            switch part {
            case .text(let text):
                text.trimmed.isEmpty ? nil : ["type": "text", "text": .string(text)]
            case .image(let type, let base64):
                [
                    "type": "image",
                    "source": ["type": "base64", "media_type": .string(type), "data": .string(base64)],
                ]
            case .imageURL(let url):
                ["type": "image", "source": ["type": "url", "url": .string(url)]]
            }
        }
    }

    private func content(_ message: AssistantMessage, ids: [String]) -> [[String: JSONValue]] {
        var blocks: [[String: JSONValue]] = []
        for text in [message.text, message.refusal] {
            if let text, !text.trimmed.isEmpty { blocks.append(["type": "text", "text": .string(text)]) }
        }
        for (id, call) in zip(ids, message.toolCalls) {
            blocks.append([
                "type": "tool_use", "id": .string(id), "name": .string(call.name),
                // What is no object would make the server refuse the conversation for good.
                "input": call.arguments ?? .object([:]),
            ])
        }
        return blocks
    }

    private func content(_ id: String, _ result: ToolResultMessage) -> [String: JSONValue] {
        var block: [String: JSONValue] = [
            "type": "tool_result", "tool_use_id": .string(id), "content": .string(result.content),
        ]
        if result.isError { block["is_error"] = true }
        return block
    }
}
