internal import JSON

/// A request as `POST /v1/messages` takes it.
struct AnthropicRequestBody {
    let request: ChatRequest
    let provider: String
    let form: OutputForm?
    /// Fields that this server has refused before.
    let refused: Set<String>

    /// Written by every request that may be cached; good for five minutes, and longer each time it is read.
    private static let breakpoint: JSONValue = ["type": "ephemeral"]

    var value: JSONValue {
        var members: [String: JSONValue] = [
            "model": .string(request.model), "stream": true, "messages": .array(messages),
            "max_tokens": .integer(Int64(request.maxOutputTokens ?? AnthropicProvider.defaultMaxOutputTokens)),
        ]
        addSystem(to: &members)
        addTools(to: &members)
        var output: [String: JSONValue] = [:]
        if let form, form.method == .native, let schema = AnthropicSchema.closed(form.objectSchema) {
            output["format"] = ["type": "json_schema", "schema": schema]
        }
        output["effort"] = request.reasoningEffort.map(JSONValue.string)
        if !output.isEmpty { members["output_config"] = .object(output) }
        members["temperature"] = request.temperature.map(JSONValue.number)
        members["top_p"] = request.topP.map(JSONValue.number)
        if !request.stop.isEmpty { members["stop_sequences"] = .array(request.stop.map(JSONValue.string)) }
        for field in refused { members[field] = nil }
        members.merge(request.extra) { $1 }
        return .object(members)
    }

    private func addSystem(to members: inout [String: JSONValue]) {
        let texts = [request.system, form?.method == .instruction ? form?.instruction : nil].compactMap(\.self)
        let system = texts.joined(separator: "\n\n")
        guard !system.trimmed.isEmpty else { return }
        var block: [String: JSONValue] = ["type": "text", "text": .string(system)]
        if request.isCacheable { block["cache_control"] = Self.breakpoint }
        members["system"] = [.object(block)]
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
        var blocks = tools.map(tool)
        if request.isCacheable, case .object(var last) = blocks[blocks.count - 1] {
            last["cache_control"] = Self.breakpoint
            blocks[blocks.count - 1] = .object(last)
        }
        members["tools"] = .array(blocks)
        var toolChoice: [String: JSONValue]
        switch choice {
        case .auto: toolChoice = ["type": "auto"]
        case .none: toolChoice = ["type": "none"]
        case .required: toolChoice = ["type": "any"]
        case .named(let name): toolChoice = ["type": "tool", "name": .string(name)]
        }
        if !request.parallelToolCalls, choice != .none { toolChoice["disable_parallel_tool_use"] = true }
        if choice != .auto || toolChoice.count > 1 { members["tool_choice"] = .object(toolChoice) }
    }

    private func tool(_ tool: ToolDefinition) -> JSONValue {
        var schema = tool.parameters.members ?? [:]
        schema["type"] = "object"
        var members: [String: JSONValue] = [
            "name": .string(tool.name), "description": .string(tool.description), "input_schema": .object(schema),
        ]
        if tool.isStrict, let closed = AnthropicSchema.closed(.object(schema)) {
            members["strict"] = true
            members["input_schema"] = closed
        }
        return .object(members)
    }
}
