internal import JSON

/// How a request asks for an answer in the form of a schema, and how the answer is taken out again.
struct OutputForm: Sendable {
    /// The field of the object that stands around a value which is none.
    private static let field = "value"

    let schema: OutputSchema
    let method: StructuredOutput
    /// Whether the schema's values stand in an object: providers take schemas of objects only.
    private let isWrapped: Bool

    init?(_ schema: OutputSchema?, _ method: StructuredOutput) {
        guard let schema else { return nil }
        self.schema = schema
        self.method = method
        isWrapped = method != .instruction && schema.schema["type"] != "object"
    }

    /// What the provider is told: an object's schema.
    var objectSchema: JSONValue {
        guard isWrapped else { return schema.schema }
        var inner = schema.schema
        var outer: [String: JSONValue] = [
            "type": "object", "required": [.string(Self.field)], "additionalProperties": false,
        ]
        // References start at the top, which is another one now.
        if case .object(var members) = inner {
            for key in ["$defs", "definitions"] { outer[key] = members.removeValue(forKey: key) }
            inner = .object(members)
        }
        outer["properties"] = .object([Self.field: inner])
        return .object(outer)
    }

    /// The tool whose arguments are the answer.
    var tool: ToolDefinition {
        ToolDefinition(
            name: String(("answer_" + schema.name).prefix(64)),
            description: "Gives the final answer. Call it once, when everything else is done.",
            parameters: objectSchema)
    }

    var instruction: String {
        """
        Your final answer must be one JSON value that fits this JSON Schema, and nothing else: no other text, no code \
        fence.
        \(schema.schema.text)
        """
    }

    /// The answer without what this form has put around it.
    func unwrap(_ response: ChatResponse) -> ChatResponse {
        var response = response
        switch method {
        case .native:
            response.message.text = response.message.text.map(inner)
        case .tool:
            guard let call = response.message.toolCalls.first(where: { $0.name == tool.name }) else { break }
            response.message.toolCalls.removeAll { $0.name == tool.name }
            // The provider's own form holds a call that gets no result.
            response.message.native = nil
            // With other calls beside it, the answer came too early.
            guard response.message.toolCalls.isEmpty else { break }
            response.message.text = inner(call.rawArguments)
            if response.finish == .toolCalls { response.finish = .stop }
        case .instruction:
            if response.message.toolCalls.isEmpty {
                response.message.text = response.message.text.map(Self.withoutFence)
            }
        }
        return response
    }

    private func inner(_ text: String) -> String {
        guard isWrapped, case .object(let members)? = try? JSONValue(parsing: text), members.count == 1,
            let value = members[Self.field]
        else { return text }
        return value.text
    }

    /// What stands in a Markdown fence, when that is all there is.
    private static func withoutFence(_ text: String) -> String {
        let lines = text.trimmed.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 3, lines[0].hasPrefix("```"), lines.last == "```" else { return text }
        return lines.dropFirst().dropLast().joined(separator: "\n")
    }
}
