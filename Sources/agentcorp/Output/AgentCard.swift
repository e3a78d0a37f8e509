import Agents
import FoundationEssentials
import JSON

/// All about one version of an agent, for people.
struct AgentCard {
    let version: AgentVersionRecord
    let config: AgentConfig
    /// Of the agent; nil when it is no longer in the pool.
    let record: AgentRecord?

    func print(on terminal: Terminal = .output) {
        field("agent", config.name, .bold, terminal)
        let state =
            if let removedAt = version.removedAt {
                "removed \(TimeText.relative(removedAt))"
            } else {
                version.isCurrent ? "current" : "not current"
            }
        field(
            "version",
            "\(version.version), \(state), made \(TimeText.exact(version.createdAt)) (\(TimeText.relative(version.createdAt)))",
            .plain, terminal)
        field("sha256", version.sha256, .dim, terminal)
        field("about", config.description, .plain, terminal)
        field("role", config.role, .plain, terminal)
        field("skills", config.skills.joined(separator: ", "), .plain, terminal)
        field("model", config.models.map(\.description).joined(separator: ", then "), .plain, terminal)
        field("price", version.price.map { "\(Self.price($0)) USD for a million tokens" }, .plain, terminal)
        field("tools", config.tools.joined(separator: ", "), .plain, terminal)
        field("MCP", config.mcpServers.joined(separator: ", "), .plain, terminal)
        if let record {
            field("busy", Self.busy(record), .plain, terminal)
        } else {
            field("at once", config.maxConcurrency.map { "\($0)" }, .plain, terminal)
        }
        field("limits", limits, .plain, terminal)
        field("memory", memory, .plain, terminal)
        if config.contextSettings != [:] { field("context", config.contextSettings.text, .plain, terminal) }
        field("answers", config.outputJSONSchema.map { "as \($0.value.text)" }, .plain, terminal)
        field("in doubt", config.ambiguous.rawValue, .plain, terminal)
        if let prompt = config.systemPrompt {
            terminal.line()
            // Spaces that were printable keep the lines of the prompt.
            for line in prompt.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
                terminal.line(line.isEmpty ? "" : "  " + DisplayText.printable(String(line)))
            }
        }
    }

    static func busy(_ record: AgentRecord) -> String {
        record.maxConcurrency.map { "\(record.busy) of \($0)" } ?? "\(record.busy)"
    }

    /// With as many decimals as it needs, two at least.
    static func price(_ price: Double) -> String {
        let hundredths = (price * 10_000).rounded() / 100
        guard hundredths != hundredths.rounded() else {
            let cents = Int(hundredths)
            return "\(cents / 100).\(cents % 100 < 10 ? "0" : "")\(cents % 100)"
        }
        return "\(hundredths / 100)"
    }

    private var limits: String {
        var parts = config.maxTurns.map { ["\($0) answers"] } ?? []
        parts += config.maxOutputTokens.map { ["\($0) tokens an answer"] } ?? []
        parts += config.temperature.map { ["temperature \($0)"] } ?? []
        parts += config.json["budget"].map { ["budget \($0.text)"] } ?? []
        parts += config.json["on_loop"].map { ["on loop \($0.text)"] } ?? []
        return parts.joined(separator: ", ")
    }

    private var memory: String {
        func words(_ scopes: Set<AgentMemory.Scope>) -> String {
            scopes.isEmpty ? "nothing" : scopes.sorted().map(\.rawValue).joined(separator: ", ")
        }
        return "reads \(words(config.memory.read)); writes \(words(config.memory.write))"
    }

    private func field(_ name: String, _ value: String?, _ style: Style, _ terminal: Terminal) {
        guard let value, !value.isEmpty else { return }
        terminal.line(
            terminal.styled(.dim, DisplayText.pad(name, to: 9)) + " "
                + terminal.styled(style, DisplayText.printable(value)))
    }
}
