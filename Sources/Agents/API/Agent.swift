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
    let queue: String

    /// - Parameter queue: Where its tasks go.
    public init(_ name: String, _ manager: TaskManager, queue: String = "default") {
        self.name = name
        self.manager = manager
        self.queue = queue
    }

    /// Says something to the agent, and waits for its answer.
    ///
    /// - Parameter session: The conversation to go on with; without one the agent remembers nothing of before.
    /// - Throws: `TaskFailure` when it gave none.
    public func chat(_ prompt: String, session: String? = nil, schema: JSONSchema? = nil) async throws -> AgentAnswer {
        try await answer(of: try await manager.ask(name, prompt, session: session, schema: schema, queue: queue))
    }

    /// Breaks a task into subtasks, in the agent's words.
    ///
    /// - Parameter most: 1 to 50.
    public func decomposeTask(_ description: String, atMost most: Int = 8) async throws -> [String] {
        let task = try await submitDecomposition(description, atMost: most)
        return ComplexQuery.subtasks(in: try await manager.output(ofEnded: task))
    }

    /// The same without waiting; returns the task, whose output has the subtasks.
    package func submitDecomposition(_ description: String, atMost most: Int) async throws -> Int64 {
        try await manager.ask(
            name, ComplexQuery.decomposition(of: description, atMost: most), schema: ComplexQuery.schema(atMost: most),
            queue: queue)
    }

    /// Breaks a query into subtasks, has the agent do one after the other, each with the results of those before, and
    /// makes one answer of them. All of it is one tree of tasks.
    public func handleComplexQuery(_ query: String, atMost most: Int = 8) async throws -> AgentAnswer {
        try await answer(of: try await submitComplexQuery(query, atMost: most))
    }

    /// The same without waiting; returns the root of the tree.
    package func submitComplexQuery(_ query: String, atMost most: Int) async throws -> Int64 {
        var request = try TaskRequest(
            ComplexQuery.kind, args: ComplexQuery.Arguments(agent: name, query: query, most: most))
        request.queue = queue
        return try await manager.enqueue(request)
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
