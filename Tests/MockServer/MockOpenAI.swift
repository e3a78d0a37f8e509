public import JSON

/// Answers as `POST /v1/chat/completions` gives them.
public enum MockOpenAI {
    public static let usage: JSONValue = [
        "prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25,
        "prompt_tokens_details": ["cached_tokens": 8], "completion_tokens_details": ["reasoning_tokens": 2],
    ]

    /// A streamed text, a word a chunk.
    public static func text(_ text: String, usage: JSONValue? = usage, model: String = "mock-model") -> MockAnswer {
        stream(chunks(text: text, usage: usage, model: model))
    }

    /// Streamed calls, each in three fragments or so.
    public static func calls(
        _ calls: MockCall..., text: String = "", usage: JSONValue? = usage, model: String = "mock-model"
    ) -> MockAnswer {
        stream(chunks(text: text, calls: calls, usage: usage, model: model))
    }

    /// Chunks as a stream.
    public static func stream(_ chunks: [JSONValue], done: Bool = true) -> MockAnswer {
        .stream(chunks.map { "data: \($0.text)\n\n" } + (done ? ["data: [DONE]\n\n"] : []))
    }

    /// The chunks of an answer.
    public static func chunks(
        text: String = "", calls: [MockCall] = [], finish: String? = nil, usage: JSONValue? = usage,
        model: String = "mock-model"
    ) -> [JSONValue] {
        var chunks = [chunk(["role": "assistant", "content": ""], model: model)]
        for word in words(of: text) { chunks.append(chunk(["content": .string(word)], model: model)) }
        for (index, call) in calls.enumerated() {
            var first: [String: JSONValue] = [
                "index": .integer(Int64(index)), "type": "function",
                "function": ["name": .string(call.name), "arguments": ""],
            ]
            first["id"] = call.id.map(JSONValue.string)
            chunks.append(chunk(["tool_calls": [.object(first)]], model: model))
            for piece in pieces(of: call.arguments) {
                chunks.append(
                    chunk(
                        ["tool_calls": [["index": .integer(Int64(index)), "function": ["arguments": .string(piece)]]]],
                        model: model))
            }
        }
        let reason = finish ?? (calls.isEmpty ? "stop" : "tool_calls")
        chunks.append(chunk([:], finish: .string(reason), model: model))
        if let usage {
            chunks.append([
                "id": "chatcmpl-1", "object": "chat.completion.chunk", "model": .string(model), "choices": [],
                "usage": usage,
            ])
        }
        return chunks
    }

    /// One chunk with this delta.
    public static func chunk(_ delta: JSONValue, finish: JSONValue = nil, model: String = "mock-model") -> JSONValue {
        [
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": .string(model),
            "choices": [["index": 0, "delta": delta, "finish_reason": finish]],
        ]
    }

    /// An answer in one piece.
    public static func whole(
        _ message: JSONValue, finish: JSONValue = "stop", usage: JSONValue? = usage
    ) -> MockAnswer {
        var members: [String: JSONValue] = [
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "mock-model",
            "choices": [["index": 0, "message": message, "finish_reason": finish]],
        ]
        members["usage"] = usage
        return .json(.object(members))
    }

    /// A refusal, in the form that OpenAI has.
    public static func error(
        _ status: Int, _ message: String = "it went wrong", type: String = "server_error", code: JSONValue = nil,
        headers: [String: String] = [:]
    ) -> MockAnswer {
        .json(
            ["error": ["message": .string(message), "type": .string(type), "code": code, "param": nil]],
            status: status, headers: headers)
    }

    static func words(of text: String) -> [String] {
        var words: [String] = []
        for letter in text {
            if words.isEmpty || words[words.count - 1].last == " " { words.append("") }
            words[words.count - 1].append(letter)
        }
        return words
    }

    static func pieces(of text: String) -> [String] {
        let letters = Array(text)
        let size = max(1, (letters.count + 2) / 3)
        return stride(from: 0, to: letters.count, by: size).map {
            String(letters[$0..<min($0 + size, letters.count)])
        }
    }
}
