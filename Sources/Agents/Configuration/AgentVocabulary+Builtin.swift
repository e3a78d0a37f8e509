extension AgentVocabulary {
    /// The tools and providers that come with the engine.
    public static let builtin = AgentVocabulary(
        tools: [
            "filesys.read_file", "filesys.write_file", "filesys.replace_in_file", "filesys.delete_file",
            "filesys.file_search", "filesys.grep_search", "terminal.run_command", "web_fetch", "web_search",
            "git.status", "git.diff", "git.log", "git.commit", "task.create_task", "task.add_subtask",
            "task.update_task_status", "task.delegate", "memory.get", "memory.set", "memory.append", "memory.search",
            "event.publish",
        ], providers: ["openai", "anthropic", "xai", "ollama", "offline"])
}
