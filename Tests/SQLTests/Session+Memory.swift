extension Session {
    /// Writes a key of an agent's memory and returns `written|version|value`.
    @discardableResult
    func remember(_ key: String, _ value: String, _ more: String = "", of owner: String = "ann") async throws -> String
    {
        let more = more.isEmpty ? "" : ", " + more
        return try await self.value(
            "select * from agentcorp.memory_set('agent', '\(owner)', '\(key)', '\(value)'\(more))")
    }

    /// The value of a key of an agent's memory.
    func recall(_ key: String, of owner: String = "ann") async throws -> String {
        try await value("select agentcorp.memory_get('agent', '\(owner)', '\(key)') ->> 'value'")
    }
}
