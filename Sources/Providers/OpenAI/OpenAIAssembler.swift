internal import HTTP
internal import JSON

/// Makes an answer out of the chunks of `POST /v1/chat/completions`, in all the variants that servers have.
struct OpenAIAssembler: ResponseAssembler {
    private let provider: String
    private let requestedModel: String
    private var id: String?
    private var model: String?
    private var text = ""
    private var refusal = ""
    private var reasoning = ""
    private var calls: [OpenAIPartialCall] = []
    private var finishReason: String?
    private var usage: JSONValue?
    private(set) var isOver = false

    init(provider: String, model: String) {
        self.provider = provider
        requestedModel = model
    }

    var isComplete: Bool { finishReason != nil }

    mutating func receive(_ event: ServerSentEvent) throws -> [ChatEvent] {
        let data = event.data.trimmed
        if data == "[DONE]" {
            isOver = true
            return []
        }
        // Some servers keep the connection alive so.
        if data.isEmpty { return [] }
        guard let chunk = try? JSONValue(parsing: data) else {
            throw StreamFault.malformed("an event of the stream is no JSON: \(data.prefix(200))")
        }
        if let error = chunk["error"], error != .null, let body = ErrorBody(chunk) { throw StreamFault.failed(body) }
        if event.name == "error" || chunk["object"] == "error" {
            throw StreamFault.failed(ErrorBody(chunk) ?? ErrorBody(message: String(data.prefix(1000))))
        }
        return receive(chunk)
    }

    mutating func receive(whole: JSONValue) throws -> [ChatEvent] {
        guard whole["choices"]?.elements != nil else {
            throw StreamFault.malformed("the answer has no choices: \(whole.text.prefix(200))")
        }
        let events = receive(whole)
        finishReason = finishReason ?? ""
        isOver = true
        return events
    }

    /// A chunk, or a whole answer: that has a `message` where chunks have a `delta`.
    private mutating func receive(_ chunk: JSONValue) -> [ChatEvent] {
        if id == nil, let id = chunk["id"]?.string, !id.isEmpty { self.id = id }
        if model == nil, let model = chunk["model"]?.string, !model.isEmpty { self.model = model }
        if let usage = chunk["usage"], usage.members != nil { self.usage = usage }
        var events: [ChatEvent] = []
        for choice in chunk["choices"]?.elements ?? [] where (choice["index"]?.count ?? 0) == 0 {
            if let delta = choice["delta"] ?? choice["message"] { events += receive(delta: delta) }
            if let reason = choice["finish_reason"]?.string { finishReason = reason }
        }
        return events
    }

    private mutating func receive(delta: JSONValue) -> [ChatEvent] {
        var events: [ChatEvent] = []
        if let piece = (delta["reasoning_content"] ?? delta["reasoning"])?.string, !piece.isEmpty {
            reasoning += piece
            events.append(.reasoning(piece))
        }
        let piece = Self.text(delta["content"])
        if !piece.isEmpty {
            text += piece
            events.append(.text(piece))
        }
        if let piece = delta["refusal"]?.string, !piece.isEmpty {
            refusal += piece
            events.append(.text(piece))
        }
        for fragment in delta["tool_calls"]?.elements ?? [] {
            let index = slot(for: fragment)
            let (name, piece) = calls[index].receive(fragment)
            if name != nil || !piece.isEmpty {
                events.append(.toolCall(index: index, name: name, argumentsFragment: piece))
            }
        }
        return events
    }

    /// Fragments belong together by their index. Where servers leave it out, or number every call 0, an id that is
    /// another one begins another call.
    private mutating func slot(for fragment: JSONValue) -> Int {
        let id = fragment["id"]?.string ?? ""
        let begins = !(fragment["function"]?["name"]?.string ?? "").isEmpty
        if let index = fragment["index"]?.count {
            if let slot = calls.lastIndex(where: { $0.index == index }) {
                let isAnother = begins && !id.isEmpty && !calls[slot].id.isEmpty && calls[slot].id != id
                if !isAnother { return slot }
            }
            calls.append(OpenAIPartialCall(index: index))
        } else if let slot = calls.indices.last, id.isEmpty ? !begins : calls[slot].id == id {
            return slot
        } else {
            calls.append(OpenAIPartialCall(index: nil))
        }
        return calls.count - 1
    }

    /// A string, or the texts of an array of parts.
    private static func text(_ content: JSONValue?) -> String {
        switch content {
        case .string(let text)?: text
        case .array(let parts)?: parts.compactMap { $0.string ?? $0["text"]?.string }.joined()
        default: ""
        }
    }

    func response() throws -> ChatResponse {
        let isCut = finishReason == "length"
        var ids: Set<String> = []
        let toolCalls = calls.filter { !$0.name.isEmpty }.map { call in
            var request = call.request(isCut: isCut && call.index == calls.last?.index)
            if request.id.isEmpty || !ids.insert(request.id).inserted { request.id = Self.newID() }
            return request
        }
        let message = AssistantMessage(
            text: text.isEmpty ? nil : text, refusal: refusal.isEmpty ? nil : refusal, toolCalls: toolCalls)
        return ChatResponse(
            id: id, model: model ?? requestedModel, message: message, finish: finish(toolCalls),
            usage: usage.flatMap { OpenAIUsage.read($0) }, raw: raw(toolCalls))
    }

    private static func newID() -> String {
        "call_" + String((0..<24).map { _ in "0123456789abcdefghijklmnopqrstuvwxyz".randomElement()! })
    }

    private func finish(_ toolCalls: [ToolCallRequest]) -> FinishReason {
        switch finishReason {
        case "length", "max_tokens": .length
        case "content_filter": .contentFilter
        // Servers say "stop", nothing, or something of their own with calls: what counts is that there are any.
        case _ where !toolCalls.isEmpty: .toolCalls
        case _ where !refusal.isEmpty && text.isEmpty: .refusal
        case nil, "", "stop", "eos", "tool_calls", "function_call": .stop
        case let word?: .other(word)
        }
    }

    /// The answer as if it had not been streamed.
    private func raw(_ toolCalls: [ToolCallRequest]) -> JSONValue {
        var message: [String: JSONValue] = ["role": "assistant", "content": text.isEmpty ? .null : .string(text)]
        if !refusal.isEmpty { message["refusal"] = .string(refusal) }
        if !reasoning.isEmpty { message["reasoning_content"] = .string(reasoning) }
        if !toolCalls.isEmpty {
            message["tool_calls"] = .array(
                toolCalls.map {
                    [
                        "id": .string($0.id), "type": "function",
                        "function": ["name": .string($0.name), "arguments": .string($0.rawArguments)],
                    ]
                })
        }
        var members: [String: JSONValue] = [
            "object": "chat.completion", "model": .string(model ?? requestedModel),
            "choices": [
                [
                    "index": 0, "message": .object(message),
                    "finish_reason": finishReason.map(JSONValue.string) ?? .null,
                ]
            ],
        ]
        members["id"] = id.map(JSONValue.string)
        members["usage"] = usage
        return .object(members)
    }
}
