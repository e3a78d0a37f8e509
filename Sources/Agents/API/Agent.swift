public import JSON
public import Queue

/// An agent of the pool, to be talked to: a thin layer over rows, so another process can watch, or take over.
///
/// A worker with the kind `agent` must run somewhere (`AgentRuntime.register`); these methods only add tasks and wait for
/// them. Who stops waiting stops nothing: the task goes on.
public struct Agent: Sendable {
    /// Its name in the pool.
    public let name: String
    let manager: TaskManager

    public init(_ name: String, _ manager: TaskManager) {
        self.name = name
        self.manager = manager
    }

    /// Says something to the agent, and waits for its answer.
    ///
    /// - Parameter session: The conversation to go on with; without one the agent remembers nothing of before.
    /// - Throws: `TaskFailure` when it gave none.
    public func chat(_ prompt: String, session: String? = nil, schema: JSONSchema? = nil) async throws -> AgentAnswer {
        try await answer(of: try await manager.ask(name, prompt, session: session, schema: schema))
    }

    /// Breaks a task into subtasks, in the agent's words.
    ///
    /// - Parameter most: 1 to 50.
    public func decomposeTask(_ description: String, atMost most: Int = 8) async throws -> [String] {
        let answer = try await chat(
            ComplexQuery.decomposition(of: description, atMost: most), schema: ComplexQuery.schema(atMost: most))
        guard case .array(let subtasks)? = answer.output["subtasks"] else { return [] }
        return subtasks.compactMap { $0["description"]?.string }
    }

    /// Breaks a query into subtasks, has the agent do one after the other, each with the results of those before, and
    /// makes one answer of them. All of it is one tree of tasks.
    public func handleComplexQuery(_ query: String, atMost most: Int = 8) async throws -> AgentAnswer {
        let task = try await manager.enqueue(
            TaskRequest(ComplexQuery.kind, args: ComplexQuery.Arguments(agent: name, query: query, most: most)))
        return try await answer(of: task)
    }

    private func answer(of task: Int64) async throws -> AgentAnswer {
        let output = try await manager.output(ofEnded: task)
        let progress =
            try await manager.agentProgress(of: task)
            ?? AgentProgress(
                agent: name, version: 0, session: nil, isTainted: false, turns: [], notes: [], partial: nil,
                approvals: [])
        return AgentAnswer(task: task, output: output, progress: progress)
    }
}
