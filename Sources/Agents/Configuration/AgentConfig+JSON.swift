internal import Documents
public import JSON
internal import Providers

extension AgentConfig {
    /// Reads a document. A prompt file cannot be read: there is no folder.
    ///
    /// Throws `AgentConfigError` with all that is wrong.
    /// - Parameters:
    ///   - name: The agent's name where the document has none.
    ///   - vocabulary: The tools and providers that there are.
    public init(
        _ document: JSONValue, name: String? = nil, vocabulary: AgentVocabulary = .any
    ) throws(AgentConfigError) {
        try self.init(document, name: name, vocabulary, IssueList(file: name ?? ""), prompts: nil)
    }

    init(
        _ document: JSONValue, name: String?, _ vocabulary: AgentVocabulary, _ issues: IssueList, prompts: PromptFolder?
    ) throws(AgentConfigError) {
        let reader = AgentConfigReader(vocabulary: vocabulary, issues: issues, prompts: prompts)
        let config = reader.read(document, name: name)
        try issues.throwIfAny()
        guard let config else { throw AgentConfigError([]) }
        self = config
    }

    /// Reads a file, `.json`, `.yaml` or `.yml`, and the prompt file that it names.
    ///
    /// Throws `AgentConfigError` with all that is wrong.
    public init(file path: String, vocabulary: AgentVocabulary = .any) throws(AgentConfigError) {
        self = try AgentFolder.file(path, vocabulary: vocabulary)
    }

    /// The configuration as the pool stores it: complete, with its prompt as text, and each model with its provider.
    public var json: JSONValue { json(withPromptFile: false) }

    /// - Parameter withPromptFile: Whether a prompt that comes from a file is named instead of written out.
    public func json(withPromptFile: Bool) -> JSONValue {
        var members: [String: JSONValue] = [
            "name": .string(name), "model": .array(models.map { .string($0.description) }),
        ]
        members["description"] = description.map { .string($0) }
        if withPromptFile, let promptFile {
            var prompt: [String: JSONValue] = ["file": .string(promptFile.file)]
            if !promptFile.params.isEmpty { prompt["params"] = .object(promptFile.params.mapValues { .string($0) }) }
            members["system_prompt"] = .object(prompt)
        } else {
            members["system_prompt"] = systemPrompt.map { .string($0) }
        }
        members["tools"] = .array(tools.map { .string($0) })
        if !mcpServers.isEmpty { members["mcp_servers"] = .array(mcpServers.map { .string($0) }) }
        if contextSettings != [:] { members["context_settings"] = contextSettings }
        members["role"] = role.map { .string($0) }
        if !skills.isEmpty { members["skills"] = .array(skills.map { .string($0) }) }
        members["max_concurrency"] = maxConcurrency.map { .integer(Int64($0)) }
        members["budget"] = budget?.json
        if memory != .standard { members["memory"] = memory.json }
        members["max_turns"] = maxTurns.map { .integer(Int64($0)) }
        members["temperature"] = temperature.map { .number($0) }
        members["max_output_tokens"] = maxOutputTokens.map { .integer(Int64($0)) }
        members["output_schema"] = outputJSONSchema?.value
        if ambiguous != .verify { members["ambiguous"] = .string(ambiguous.rawValue) }
        if !handoffs.isEmpty { members["handoffs"] = .array(handoffs.map { .string($0) }) }
        if onLoop != LoopPolicy() { members["on_loop"] = onLoop.json }
        if approvals != ApprovalPolicy() { members["approvals"] = approvals.json }
        return .object(members)
    }

    /// Writes the configuration to a file as JSON, all or nothing. A prompt that comes from a file is named, not written out.
    public func save(to path: String) throws {
        try DocumentFile.write(json(withPromptFile: true), to: path)
    }
}

extension AgentConfig: Codable {
    public init(from decoder: any Decoder) throws {
        try self.init(JSONValue(from: decoder))
    }

    public func encode(to encoder: any Encoder) throws {
        try json.encode(to: encoder)
    }
}

extension AgentBudget {
    var json: JSONValue {
        var members: [String: JSONValue] = [:]
        members["usd"] = usd.map { .number(Double($0.nanodollars) / 1e9) }
        members["tokens"] = tokens.map { .integer($0) }
        members["turns"] = turns.map { .integer(Int64($0)) }
        members["time"] = time.map { .string(DurationText.text($0)) }
        return .object(members)
    }
}

extension AgentMemory {
    var json: JSONValue {
        func words(_ scopes: Set<Scope>) -> JSONValue { .array(scopes.sorted().map { .string($0.rawValue) }) }
        return .object(["read": words(read), "write": words(write)])
    }
}

extension ApprovalPolicy {
    var json: JSONValue {
        var members: [String: JSONValue] = ["tools": .array(tools.map { .string($0) })]
        if !approvers.isEmpty { members["approvers"] = .array(approvers.map { .string($0) }) }
        members["expires"] = expires.map { .string(DurationText.text($0)) }
        members["default"] = fallback.map { .string($0.rawValue) }
        return .object(members)
    }
}

extension LoopPolicy {
    var json: JSONValue {
        .object([
            "action": .string(action.rawValue), "repetitions": .integer(Int64(repetitions)),
            "window": .integer(Int64(window)), "stalls": .integer(Int64(stalls)),
        ])
    }
}
