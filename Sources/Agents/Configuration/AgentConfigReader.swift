internal import Documents
internal import JSON
internal import Providers
internal import Tools

/// Reads the fields of a configuration, and notes all that is wrong with them.
struct AgentConfigReader {
    let vocabulary: AgentVocabulary
    let issues: IssueList
    /// Renders a prompt file; nil where there are no files.
    let prompts: PromptFolder?

    /// - Parameter name: The agent's name where the document has none.
    func read(_ document: JSONValue, name: String?) -> AgentConfig? {
        let advice = "Write {\"model\": \"...\", \"provider\": \"...\", \"system_prompt\": \"...\"}."
        guard var fields = DocumentFields(document, at: "", issues, advice: advice) else { return nil }
        CredentialCheck(issues: issues).look(at: document)
        let given =
            fields.value("name").map { value in
                value.string
                    ?? {
                        fields.wrong("name", "\(DocumentFields.kind(value)) instead of a string")
                        return nil
                    }()
            } ?? name
        if let given, !Self.isName(given) {
            fields.wrong(
                "name", "\(DocumentFields.shown(.string(given))) cannot be the name of an agent",
                "Use 1 to 100 characters without * / : \" and control characters, and no space at either end.")
        } else if given == nil, fields.value("name") == nil {
            fields.wrong("name", "is missing", "Give the agent a name.")
        }
        var config = AgentConfig(name: given ?? "", models: models(&fields))
        config.description = fields.text("description", longest: 10_000)
        (config.systemPrompt, config.promptFile) = prompt(&fields)
        config.mcpServers = mcpServers(&fields)
        config.tools = tools(&fields)
        for tool in config.tools where tool.hasSuffix(".*") && isOfServer(tool) {
            config.tools.removeAll { $0 == tool }
            let server = String(tool.dropLast(2))
            if !config.mcpServers.contains(server) { config.mcpServers.append(server) }
        }
        config.contextSettings = contextSettings(&fields)
        config.role = fields.text("role", longest: 100)
        config.skills = fields.texts("skills", longest: 100, atMost: 100)
        config.maxConcurrency = fields.integer("max_concurrency", in: 1...999_999)
        config.budget = budget(&fields)
        config.memory = memory(&fields)
        config.maxTurns = fields.integer("max_turns", in: 1...10_000)
        config.temperature = fields.number("temperature", in: 0...2)
        config.maxOutputTokens = fields.integer("max_output_tokens", in: 1...10_000_000)
        config.outputJSONSchema = outputSchema(&fields)
        config.ambiguous = fields.word("ambiguous", of: AmbiguousPolicy.self) ?? .verify
        config.onLoop = onLoop(&fields)
        config.approvals = approvals(&fields)
        config.handoffs = handoffs(&fields, of: given)
        // What looks like a key has been noted already.
        fields.refuseOthers { CredentialCheck.isCredential($0) ? "See above." : nil }
        return config
    }

    static func isName(_ text: String) -> Bool {
        (1...100).contains(text.unicodeScalars.count) && text.first != " " && text.last != " "
            && text.unicodeScalars.allSatisfy { scalar in
                !"*/:\"".unicodeScalars.contains(scalar) && scalar.properties.generalCategory != .control
            }
    }

    private func models(_ fields: inout DocumentFields) -> [ModelReference] {
        let provider = fields.text("provider", longest: 100)?.lowercased()
        if let provider { check(provider: provider, at: "provider", fields) }
        guard let value = fields.value("model") else {
            fields.wrong("model", "is missing", "Name a model, or a list whose first is preferred.")
            return []
        }
        let names: [(place: String, value: JSONValue)]
        switch value {
        case .array(let elements) where (1...20).contains(elements.count):
            names = elements.enumerated().map { ("model/\($0)", $1) }
        case .array(let elements):
            fields.wrong("model", "has \(elements.count) elements; 1 to 20 are possible")
            return []
        default: names = [("model", value)]
        }
        return names.compactMap { name in
            guard let text = name.value.string, (1...200).contains(text.count) else {
                issues.add("/\(name.place)", "\(DocumentFields.kind(name.value)) instead of the name of a model")
                return nil
            }
            let split = ModelReference(text)
            // A model's own name may have a slash, too.
            if let split, vocabulary.providers?.contains(split.provider) ?? (provider == nil) { return split }
            if let provider { return ModelReference(provider: provider, model: text) }
            if let split {
                check(provider: split.provider, at: name.place, fields)
            } else if fields.value("provider") == nil {
                issues.add(
                    "/\(name.place)", "no provider is named for model \"\(text)\"",
                    "Give the field provider, or write \"provider/\(text)\".")
            }
            return nil
        }
    }

    private func check(provider: String, at place: String, _ fields: DocumentFields) {
        guard let providers = vocabulary.providers, !providers.contains(provider) else { return }
        let guess = Spelling.nearest(to: provider, in: providers.sorted()).map { "Did you mean \"\($0)\"? " } ?? ""
        issues.add(
            "/\(place)", "unknown provider \"\(provider)\"",
            guess + "There are \(providers.sorted().joined(separator: ", ")).")
    }

    private func prompt(_ fields: inout DocumentFields) -> (String?, PromptReference?) {
        let advice = "Write a text, or {\"file\": \"NAME\", \"params\": {...}} for prompts/NAME.md."
        switch fields.value("system_prompt") {
        case nil: return (nil, nil)
        case .string(let text)?:
            // The original framework saves an agent without a prompt as "".
            return (text.isEmpty ? nil : text, nil)
        case .object(let members)?:
            var inner = DocumentFields(members, at: "/system_prompt", issues)
            let file = inner.text("file", longest: 255)
            if file == nil, members["file"] ?? .null == .null { inner.wrong("file", "is missing", advice) }
            let params = params(&inner)
            inner.refuseOthers()
            guard let file, let params else { return (nil, nil) }
            let reference = PromptReference(file: file, params: params)
            guard let prompts else {
                inner.wrong("file", "there is no folder to read \"\(file)\" from", "Load the agent from its file.")
                return (nil, nil)
            }
            return (prompts.render(reference, issues: issues), reference)
        case let other?:
            fields.wrong("system_prompt", "\(DocumentFields.kind(other)) instead of a prompt", advice)
            return (nil, nil)
        }
    }

    private func params(_ fields: inout DocumentFields) -> [String: String]? {
        switch fields.value("params") {
        case nil: return [:]
        case .object(let members)?:
            var params: [String: String] = [:]
            for (name, value) in members.sorted(by: { $0.key < $1.key }) {
                switch value {
                case .string(let text): params[name] = text
                case .integer, .number, .bool: params[name] = value.text
                default:
                    fields.wrong(
                        "params/\(DocumentFields.escaped(name))", "\(DocumentFields.kind(value)) instead of a text")
                }
            }
            return params
        case let other?:
            fields.wrong("params", "\(DocumentFields.kind(other)) instead of an object", "Write {\"NAME\": \"text\"}.")
            return nil
        }
    }

    private func mcpServers(_ fields: inout DocumentFields) -> [String] {
        let servers = fields.texts("mcp_servers", longest: 32, atMost: 100)
        guard let known = vocabulary.mcpServers else { return servers }
        for (index, server) in servers.enumerated() where !known.contains(server) {
            let guess = Spelling.nearest(to: server, in: known.sorted()).map { "Did you mean \"\($0)\"?" }
            fields.wrong(
                "mcp_servers/\(index)", "unknown MCP server \"\(server)\"",
                guess
                    ?? (known.isEmpty ? "None is configured." : "There are \(known.sorted().joined(separator: ", "))."))
        }
        return servers
    }

    private func tools(_ fields: inout DocumentFields) -> [String] {
        var name = "tools"
        if fields.value("tools") != nil, fields.value("tool_names") != nil {
            fields.wrong("tool_names", "means the same as tools, which is there, too", "Keep one of them.")
        } else if fields.value("tools") == nil, fields.value("tool_names") != nil {
            name = "tool_names"
        }
        return tools(named: name, &fields)
    }

    func tools(named name: String, _ fields: inout DocumentFields) -> [String] {
        let tools = fields.texts(name, longest: 200, atMost: 1000)
        guard let known = vocabulary.tools else { return tools }
        for (index, tool) in tools.enumerated() where !Self.isKnown(tool, known) && !isOfServer(tool) {
            // Without its family, as in the original's early files.
            let guess =
                known.sorted().first { $0.hasSuffix(".\(tool)") } ?? Spelling.nearest(to: tool, in: known.sorted())
            fields.wrong(
                "\(name)/\(index)", "unknown tool \"\(tool)\"",
                guess.map { "Did you mean \"\($0)\"?" } ?? "There are \(known.sorted().joined(separator: ", ")).")
        }
        return tools
    }

    /// Whether it is the name of a tool, or one with `*` in it that stands for some.
    private static func isKnown(_ tool: String, _ known: Set<String>) -> Bool {
        guard let star = tool.firstIndex(of: "*") else { return known.contains(tool) }
        let rest = tool[tool.index(after: star)...]
        return rest.isEmpty && known.contains { $0.hasPrefix(tool[..<star]) }
    }

    /// Whether a tool is one of an MCP server that is known; which tools that has, only it can say.
    private func isOfServer(_ tool: String) -> Bool {
        guard let dot = tool.firstIndex(of: ".") else { return false }
        return vocabulary.mcpServers?.contains(String(tool[..<dot])) ?? false
    }

    private func contextSettings(_ fields: inout DocumentFields) -> JSONValue {
        guard let value = fields.value("context_settings") else { return [:] }
        do {
            _ = try ToolExecutionContext(settings: value)
        } catch {
            fields.wrong("context_settings", "\(error)")
        }
        return value
    }

    func budget(_ fields: inout DocumentFields) -> AgentBudget? {
        let advice = "Write {\"usd\": 0.5, \"tokens\": 50000, \"turns\": 12, \"time\": \"10m\"}, or some of these."
        guard let value = fields.value("budget"),
            var inner = DocumentFields(value, at: "/budget", issues, advice: advice)
        else { return nil }
        let usd = inner.number("usd", in: 0...1_000_000_000).map { USD(nanodollars: Int64(($0 * 1e9).rounded())) }
        let tokens = inner.integer("tokens", in: 0...1_000_000_000_000)
        let turns = inner.integer("turns", in: 0...1_000_000)
        var time: Duration?
        if let value = inner.value("time") {
            time = DurationText.duration(value)
            if time == nil {
                inner.wrong("time", "\(DocumentFields.shown(value)) is not a duration", "Write 30s, 10m, 2h or 1d.")
            }
        }
        inner.refuseOthers()
        guard usd != nil || tokens != nil || turns != nil || time != nil else { return nil }
        return AgentBudget(usd: usd, tokens: tokens.map(Int64.init), turns: turns, time: time)
    }

    private func memory(_ fields: inout DocumentFields) -> AgentMemory {
        let advice = "Write true, false, an array of scopes, or {\"read\": [...], \"write\": [...]}."
        switch fields.value("memory") {
        case nil: return .standard
        case .bool(let isWanted)?: return isWanted ? .all : .none
        case .array?:
            let scopes = scopes("memory", &fields)
            return AgentMemory(read: scopes, write: scopes)
        case let value?:
            guard var inner = DocumentFields(value, at: "/memory", issues, advice: advice) else { return .standard }
            let memory = AgentMemory(read: scopes("read", &inner), write: scopes("write", &inner))
            inner.refuseOthers()
            return memory
        }
    }

    private func scopes(_ name: String, _ fields: inout DocumentFields) -> Set<AgentMemory.Scope> {
        let words = fields.texts(name, longest: 20, atMost: 4)
        return Set(
            words.enumerated().compactMap { index, word in
                fields.word(.string(word), at: "\(name)/\(index)") as AgentMemory.Scope?
            })
    }

    private func outputSchema(_ fields: inout DocumentFields) -> JSONSchema? {
        guard let value = fields.value("output_schema") else { return nil }
        do {
            return try JSONSchema(value)
        } catch {
            issues.add("/output_schema\(error.pointer)", error.message)
            return nil
        }
    }

    private func handoffs(_ fields: inout DocumentFields, of name: String?) -> [String] {
        let agents = fields.texts("handoffs", longest: 100, atMost: 20)
        for (index, agent) in agents.enumerated() {
            if agent == name {
                fields.wrong("handoffs/\(index)", "is the agent itself", "Name others.")
            } else if !Self.isName(agent) {
                fields.wrong(
                    "handoffs/\(index)", "\(DocumentFields.shown(.string(agent))) cannot be the name of an agent")
            }
        }
        return agents
    }

    private func onLoop(_ fields: inout DocumentFields) -> LoopPolicy {
        switch fields.value("on_loop") {
        case nil: return LoopPolicy()
        case .object(let members)?:
            var inner = DocumentFields(members, at: "/on_loop", issues)
            let standard = LoopPolicy()
            let policy = LoopPolicy(
                inner.word("action", of: LoopPolicy.Action.self) ?? standard.action,
                repetitions: inner.integer("repetitions", in: 2...100) ?? standard.repetitions,
                window: inner.integer("window", in: 2...1000) ?? standard.window,
                stalls: inner.integer("stalls", in: 1...100) ?? standard.stalls)
            inner.refuseOthers()
            if policy.window < policy.repetitions {
                fields.wrong(
                    "on_loop/repetitions", "\(policy.repetitions) can never be reached among \(policy.window) calls",
                    "Make window at least as large.")
            }
            return policy
        case let value?: return LoopPolicy(fields.word(value, at: "on_loop") ?? .answer)
        }
    }
}
