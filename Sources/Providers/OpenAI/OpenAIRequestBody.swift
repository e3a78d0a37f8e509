internal import JSON

/// A request as `POST /v1/chat/completions` takes it.
struct OpenAIRequestBody {
    let request: ChatRequest
    let dialect: OpenAIDialect
    let form: OutputForm?
    /// Fields that this server has refused before.
    let refused: Set<String>

    var value: JSONValue {
        var members: [String: JSONValue] = [
            "model": .string(request.model), "messages": .array(messages), "stream": true,
        ]
        members["stream_options"] = ["include_usage": true]
        addTools(to: &members)
        addOutput(to: &members)
        members["temperature"] = request.temperature.map(JSONValue.number)
        members["top_p"] = request.topP.map(JSONValue.number)
        if !request.stop.isEmpty { members["stop"] = .array(request.stop.map(JSONValue.string)) }
        members["seed"] = request.seed.map(JSONValue.integer)
        members["reasoning_effort"] = request.reasoningEffort.map(JSONValue.string)
        members["prompt_cache_key"] = request.cacheKey.map(JSONValue.string)
        for field in members.keys where !dialect.takes(field, model: request.model) { members[field] = nil }
        for field in refused { members[field] = nil }
        members.merge(request.extra) { $1 }
        return .object(members)
    }

    private func addTools(to members: inout [String: JSONValue]) {
        var tools = request.tools
        var choice = request.toolChoice
        if let form, form.method == .tool {
            // Some call there must be: of a tool, or with the answer.
            choice = tools.isEmpty || choice == .none ? .named(form.tool.name) : choice == .auto ? .required : choice
            tools.append(form.tool)
        }
        guard !tools.isEmpty else { return }
        members["tools"] = .array(tools.map(tool))
        switch choice {
        case .auto: break
        case .none: members["tool_choice"] = "none"
        case .required: members["tool_choice"] = "required"
        case .named(let name):
            members["tool_choice"] = ["type": "function", "function": ["name": .string(name)]]
        }
        if !request.parallelToolCalls { members["parallel_tool_calls"] = false }
    }

    private func tool(_ tool: ToolDefinition) -> JSONValue {
        var function: [String: JSONValue] = [
            "name": .string(tool.name), "description": .string(tool.description), "parameters": tool.parameters,
        ]
        if tool.isStrict, dialect.takes("strict", model: request.model), let strict = Self.strict(tool.parameters) {
            function["parameters"] = strict
            function["strict"] = true
        }
        return ["type": "function", "function": .object(function)]
    }

    private func addOutput(to members: inout [String: JSONValue]) {
        if let limit = request.maxOutputTokens {
            let field = refused.contains(dialect.limitField) ? otherLimitField : dialect.limitField
            members[field] = .integer(Int64(limit))
        }
        guard let form, form.method == .native else { return }
        let strict = form.schema.isStrict ? Self.strict(form.objectSchema) : nil
        members["response_format"] = [
            "type": "json_schema",
            "json_schema": [
                "name": .string(form.schema.name), "schema": strict ?? form.objectSchema,
                "strict": .bool(strict != nil),
            ],
        ]
    }

    /// Nil when the schema cannot be strict without meaning something else: then it is sent as it is.
    private static func strict(_ schema: JSONValue) -> JSONValue? { try? JSONSchema(schema).strict().value }

    private var otherLimitField: String {
        dialect.limitField == "max_tokens" ? "max_completion_tokens" : "max_tokens"
    }

    private var messages: [JSONValue] {
        var messages: [JSONValue] = []
        let system = [request.system, form?.method == .instruction ? form?.instruction : nil].compactMap(\.self)
        if !system.isEmpty {
            messages.append(["role": "system", "content": .string(system.joined(separator: "\n\n"))])
        }
        var ids = ToolCallIDs()
        var open: [String] = []
        for message in Conversation(request.messages).messages {
            switch message {
            case .user(let parts):
                messages.append(["role": "user", "content": content(parts)])
            case .assistant(let message):
                open = ids.ids(of: message.toolCalls, keep: false)
                messages.append(assistant(message, ids: open))
            case .toolResults(let results):
                for (id, result) in zip(open, results) {
                    messages.append(["role": "tool", "tool_call_id": .string(id), "content": .string(text(result))])
                }
            }
        }
        return messages
    }

    /// There is no field for it, and a model should know.
    private func text(_ result: ToolResultMessage) -> String {
        result.isError && !result.content.lowercased().hasPrefix("error") ? "Error: " + result.content : result.content
    }

    private func content(_ parts: [ContentPart]) -> JSONValue {
        let texts = parts.compactMap { if case .text(let text) = $0 { text } else { nil } }
        // Many servers take nothing but a string here.
        if texts.count == parts.count { return .string(texts.joined(separator: "\n\n")) }
        return .array(
            parts.map { part in
                switch part {
                case .text(let text): ["type": "text", "text": .string(text)]
                case .image(let type, let base64):
                    ["type": "image_url", "image_url": ["url": .string("data:\(type);base64,\(base64)")]]
                case .imageURL(let url): ["type": "image_url", "image_url": ["url": .string(url)]]
                }
            })
    }

    private func assistant(_ message: AssistantMessage, ids: [String]) -> JSONValue {
        var members: [String: JSONValue] = ["role": "assistant", "content": .null]
        if let text = message.text { members["content"] = .string(text) }
        if let refusal = message.refusal {
            if dialect == .openai {
                members["refusal"] = .string(refusal)
            } else if message.text == nil {
                members["content"] = .string(refusal)
            }
        }
        if !message.toolCalls.isEmpty {
            members["tool_calls"] = .array(
                zip(ids, message.toolCalls).map { id, call in
                    [
                        "id": .string(id), "type": "function",
                        "function": [
                            "name": .string(call.name),
                            // What is no object would make some servers refuse the conversation for good.
                            "arguments": .string(call.arguments?.text ?? "{}"),
                        ],
                    ]
                })
        } else if message.text == nil, message.refusal == nil {
            members["content"] = ""
        }
        return .object(members)
    }
}
