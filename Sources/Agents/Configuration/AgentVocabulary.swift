/// The names that a configuration may use. Nil: any.
public struct AgentVocabulary: Sendable, Hashable {
    /// Of the tools in the registry.
    public var tools: Set<String>?
    public var providers: Set<String>?
    public var mcpServers: Set<String>?

    public init(tools: Set<String>? = nil, providers: Set<String>? = nil, mcpServers: Set<String>? = nil) {
        self.tools = tools
        self.providers = providers
        self.mcpServers = mcpServers
    }

    /// Nothing is checked that depends on the process that runs the agent.
    public static let any = AgentVocabulary()
}
