internal import Tools

extension AgentVocabulary {
    /// The tools of the global registry and of the engine, and the providers that are always there.
    public static var builtin: AgentVocabulary {
        AgentVocabulary(
            tools: Set(ToolRegistry.global.names + EngineTools.all.map(\.name)),
            providers: ["openai", "anthropic", "xai", "ollama", "offline"])
    }
}
