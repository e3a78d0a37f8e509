internal import HTTP
internal import JSON

/// Makes an answer out of the events of `POST /v1/messages`.
struct AnthropicAssembler: ResponseAssembler {
    private let provider: String
    private let requestedModel: String
    private var message: [String: JSONValue] = [:]
    private var blocks: [Int: AnthropicPartialBlock] = [:]
    private var stopReason: String?
    private var usage: [String: JSONValue] = [:]
    private(set) var isOver = false

    init(provider: String, model: String) {
        self.provider = provider
        requestedModel = model
    }

    var isComplete: Bool { stopReason != nil }

    mutating func receive(_ event: ServerSentEvent) throws -> [ChatEvent] {
        let data = event.data.trimmed
        if data.isEmpty || data == "[DONE]" {
            isOver = isOver || data == "[DONE]"
            return []
        }
        guard let value = try? JSONValue(parsing: data) else {
            throw StreamFault.malformed("an event of the stream is no JSON: \(data.prefix(200))")
        }
        let type = value["type"]?.string ?? event.name
        switch type {
        case "message_start":
            message = value["message"]?.members ?? [:]
            merge(usage: message["usage"])
            // Servers that only imitate the stream put everything there at once.
            return receive(content: message["content"]?.elements ?? [])
        case "content_block_start":
            return receive(block: value["content_block"] ?? .null, at: value["index"]?.count ?? blocks.count)
        case "content_block_delta":
            let index = value["index"]?.count ?? max(0, blocks.count - 1)
            return blocks[index, default: AnthropicPartialBlock(["type": "text"])].receive(
                value["delta"] ?? .null, at: index)
        case "message_delta":
            if let reason = value["delta"]?["stop_reason"]?.string { stopReason = reason }
            for key in ["stop_sequence", "stop_details"] {
                if let detail = value["delta"]?[key], detail != .null { message[key] = detail }
            }
            merge(usage: value["usage"])
        case "message_stop":
            isOver = true
        case "error":
            throw StreamFault.failed(ErrorBody(value) ?? ErrorBody(message: String(data.prefix(1000))))
        default:
            // Pings, and what later versions have.
            if let error = value["error"], error != .null, let body = ErrorBody(value) {
                throw StreamFault.failed(body)
            }
        }
        return []
    }

    mutating func receive(whole: JSONValue) throws -> [ChatEvent] {
        guard let content = whole["content"]?.elements else {
            throw StreamFault.malformed("the answer has no content: \(whole.text.prefix(200))")
        }
        message = whole.members ?? [:]
        stopReason = whole["stop_reason"]?.string ?? ""
        merge(usage: whole["usage"])
        isOver = true
        return receive(content: content)
    }

    private mutating func receive(content: [JSONValue]) -> [ChatEvent] {
        content.enumerated().flatMap { receive(block: $1, at: $0) }
    }

    private mutating func receive(block: JSONValue, at index: Int) -> [ChatEvent] {
        let block = AnthropicPartialBlock(block.members ?? [:])
        blocks[index] = block
        return block.beginning(at: index)
    }

    /// Later counts are of the whole answer; what they leave out stays as it was.
    private mutating func merge(usage: JSONValue?) {
        for (key, value) in usage?.members ?? [:] where value != .null { self.usage[key] = value }
    }

    func response() throws -> ChatResponse {
        let isCut = ["max_tokens", "model_context_window_exceeded"].contains(stopReason)
        let ordered = blocks.sorted { $0.key < $1.key }.map(\.value)
        var message = AssistantMessage()
        var ids: Set<String> = []
        var content: [JSONValue] = []
        for (position, block) in ordered.enumerated() {
            let isLast = position == ordered.count - 1
            switch block.type {
            case "text":
                if !block.text.isEmpty { message.text = (message.text ?? "") + block.text }
            case "tool_use":
                var call = block.call(isCut: isCut && isLast)
                if call.id.isEmpty || !ids.insert(call.id).inserted { call.id = Self.newID() }
                message.toolCalls.append(call)
            default: break
            }
            content.append(block.value)
        }
        let isPlain = ordered.allSatisfy { $0.isPlain }
        if (!isPlain || stopReason == "pause_turn") && !content.isEmpty {
            message.native = NativeContent(
                provider: provider, model: requestedModel, content: .array(content.filter { !Self.isEmpty($0) }))
        }
        if stopReason == "refusal" {
            message.refusal =
                message.text ?? self.message["stop_details"]?["explanation"]?.string ?? "The model declined to answer."
            message.text = nil
        }
        return ChatResponse(
            id: self.message["id"]?.string, model: self.message["model"]?.string ?? requestedModel, message: message,
            finish: finish(message.toolCalls), usage: AnthropicUsage.read(usage), raw: raw(content))
    }

    private static func newID() -> String {
        "toolu_" + String((0..<24).map { _ in "0123456789abcdefghijklmnopqrstuvwxyz".randomElement()! })
    }

    /// An empty text comes, but may not be sent.
    private static func isEmpty(_ block: JSONValue) -> Bool {
        block["type"] == "text" && (block["text"]?.string ?? "").trimmed.isEmpty
    }

    private func finish(_ toolCalls: [ToolCallRequest]) -> FinishReason {
        switch stopReason {
        case "max_tokens": .length
        case "model_context_window_exceeded": .contextOverflow
        case "refusal": .refusal
        case "pause_turn": .pause
        case _ where !toolCalls.isEmpty: .toolCalls
        case nil, "", "end_turn", "stop_sequence", "tool_use": .stop
        case let word?: .other(word)
        }
    }

    /// The answer as if it had not been streamed.
    private func raw(_ content: [JSONValue]) -> JSONValue {
        var members = message
        members["content"] = .array(content)
        members["stop_reason"] = stopReason.map(JSONValue.string) ?? .null
        members["usage"] = usage.isEmpty ? nil : .object(usage)
        return .object(members)
    }
}
