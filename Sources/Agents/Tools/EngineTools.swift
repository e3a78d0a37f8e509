public import Tools

/// The tools that reach into the engine: tasks, memory, events, messages.
public enum EngineTools {
    /// All of them; `AgentRuntime` adds them to its registry.
    public static let all: [Tool] = TaskTools.all + MemoryTools.all + EventTools.all + MessageTools.all
}
