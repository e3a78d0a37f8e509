public import JSON

/// Answers as `POST /v1/messages` gives them.
public enum MockAnthropic {
    /// A streamed text, a word an event.
    public static func text(_ text: String, stop: String = "end_turn") -> MockAnswer {
        stream(events(text: text, stop: stop))
    }

    /// Streamed calls.
    public static func calls(_ calls: MockCall..., text: String = "") -> MockAnswer {
        stream(events(text: text, calls: calls))
    }

    /// Events as a stream.
    public static func stream(_ events: [JSONValue]) -> MockAnswer {
        .stream(events.map { "event: \($0["type"]?.string ?? "message")\ndata: \($0.text)\n\n" })
    }

    /// The events of an answer.
    ///
    /// - Parameter blocks: Blocks that come before the text, each with its deltas.
    public static func events(
        blocks: [(block: JSONValue, deltas: [JSONValue])] = [], text: String = "", calls: [MockCall] = [],
        stop: String? = nil
    ) -> [JSONValue] {
        var blocks = blocks
        if !text.isEmpty {
            blocks.append(
                (
                    ["type": "text", "text": ""],
                    MockOpenAI.words(of: text).map { ["type": "text_delta", "text": .string($0)] }
                ))
        }
        for call in calls {
            var block: [String: JSONValue] = ["type": "tool_use", "name": .string(call.name), "input": [:]]
            block["id"] = call.id.map(JSONValue.string)
            let pieces = [""] + MockOpenAI.pieces(of: call.arguments)
            blocks.append((.object(block), pieces.map { ["type": "input_json_delta", "partial_json": .string($0)] }))
        }
        var events: [JSONValue] = [start]
        for (index, block) in blocks.enumerated() {
            let index = JSONValue.integer(Int64(index))
            events.append(["type": "content_block_start", "index": index, "content_block": block.block])
            events += block.deltas.map { ["type": "content_block_delta", "index": index, "delta": $0] }
            events.append(["type": "content_block_stop", "index": index])
        }
        let reason = stop ?? (calls.isEmpty ? "end_turn" : "tool_use")
        events.append([
            "type": "message_delta", "delta": ["stop_reason": .string(reason), "stop_sequence": nil],
            "usage": ["output_tokens": 7],
        ])
        events.append(["type": "message_stop"])
        return events
    }

    public static let start: JSONValue = [
        "type": "message_start",
        "message": [
            "id": "msg_1", "type": "message", "role": "assistant", "model": "mock-model", "content": [],
            "stop_reason": nil, "stop_sequence": nil,
            "usage": [
                "input_tokens": 10, "cache_creation_input_tokens": 4, "cache_read_input_tokens": 6, "output_tokens": 1,
            ],
        ],
    ]

    /// An answer in one piece.
    public static func whole(_ content: JSONValue, stop: String = "end_turn") -> MockAnswer {
        .json([
            "id": "msg_1", "type": "message", "role": "assistant", "model": "mock-model", "content": content,
            "stop_reason": .string(stop), "stop_sequence": nil,
            "usage": ["input_tokens": 10, "output_tokens": 7],
        ])
    }

    /// A refusal, in the form that Anthropic has.
    public static func error(
        _ status: Int, type: String = "api_error", _ message: String = "it went wrong", headers: [String: String] = [:]
    ) -> MockAnswer {
        .json(
            [
                "type": "error", "error": ["type": .string(type), "message": .string(message)], "request_id": "req_1",
            ], status: status, headers: headers)
    }
}
