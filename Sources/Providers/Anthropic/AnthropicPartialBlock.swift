internal import JSON

/// A block of an answer, as far as it has come.
struct AnthropicPartialBlock: Sendable {
    private var members: [String: JSONValue]
    /// The JSON of the input, which comes as a text.
    private var input = ""

    init(_ members: [String: JSONValue]) {
        self.members = members
    }

    var type: String { members["type"]?.string ?? "" }
    var text: String { members["text"]?.string ?? "" }

    /// Whether nothing is lost when only its text or its call is sent back.
    var isPlain: Bool {
        switch type {
        case "text": members["citations"] == nil || members["citations"] == .null
        case "tool_use": true
        default: false
        }
    }

    /// What the beginning of the block says already.
    func beginning(at index: Int) -> [ChatEvent] {
        switch type {
        case "text": text.isEmpty ? [] : [.text(text)]
        case "thinking": (members["thinking"]?.string).flatMap { $0.isEmpty ? nil : [.reasoning($0)] } ?? []
        case "tool_use": [.toolCall(index: index, name: members["name"]?.string, argumentsFragment: "")]
        default: []
        }
    }

    mutating func receive(_ delta: JSONValue, at index: Int) -> [ChatEvent] {
        switch delta["type"]?.string {
        case "text_delta":
            let piece = delta["text"]?.string ?? ""
            append(piece, to: "text")
            return piece.isEmpty ? [] : [.text(piece)]
        case "thinking_delta":
            let piece = delta["thinking"]?.string ?? ""
            append(piece, to: "thinking")
            return piece.isEmpty ? [] : [.reasoning(piece)]
        case "signature_delta":
            append(delta["signature"]?.string ?? "", to: "signature")
        case "input_json_delta":
            let piece = delta["partial_json"]?.string ?? ""
            input += piece
            return piece.isEmpty ? [] : [.toolCall(index: index, name: nil, argumentsFragment: piece)]
        case "citations_delta":
            if let citation = delta["citation"] {
                members["citations"] = .array((members["citations"]?.elements ?? []) + [citation])
            }
        default: break
        }
        return []
    }

    private mutating func append(_ piece: String, to key: String) {
        members[key] = .string((members[key]?.string ?? "") + piece)
    }

    /// The arguments as the model wrote them. Servers that do not stream them send them with the beginning.
    private var rawArguments: String {
        if !input.isEmpty { return input }
        guard let sent = members["input"], sent != .object([:]), sent != .null else { return "" }
        return sent.string ?? sent.text
    }

    /// - Parameter isCut: Whether the answer may have ended in the middle of it.
    func call(isCut: Bool) -> ToolCallRequest {
        let raw = rawArguments
        let id = members["id"]?.string ?? ""
        let name = members["name"]?.string ?? ""
        // Nothing at all means no arguments, unless the model never came to them.
        if isCut, raw.allSatisfy(\.isWhitespace) {
            return ToolCallRequest(id: id, name: name, arguments: nil, rawArguments: raw)
        }
        return ToolCallRequest(id: id, name: name, rawArguments: raw)
    }

    /// The block as it is sent back.
    var value: JSONValue {
        var members = members
        if type == "tool_use" || type == "server_tool_use" || !input.isEmpty {
            members["input"] = call(isCut: false).arguments ?? .object([:])
        }
        return .object(members)
    }
}
