import Testing

extension Session {
    /// A run with the given tasks, whose plan waits for them; each of kind `x` unless it says something else.
    func startRun(_ worker: Int, _ tasks: String) async throws -> Int {
        try await run("select agentcorp.put_plan('p', '{\"plan\": \"p\", \"tasks\": {\"a\": {\"kind\": \"x\"}}}')")
        let root = try await int("select agentcorp.run_plan('p')")
        #expect(try await claim(worker) == [root])
        try await expand(worker, root, tasks)
        return root
    }

    /// A container that runs adds tasks, and waits for them.
    func expand(_ worker: Int, _ task: Int, _ tasks: String, join: String = "settled", steps: String = "{}")
        async throws
    {
        let attempt = try await attempt(of: task)
        try await run("select agentcorp.expand(\(task), \(attempt), '\(tasks)', '\(steps)')")
        try await suspend(worker, task, join: join)
    }

    /// A container waits for its tasks by its own rule.
    func suspend(_ worker: Int, _ task: Int, join: String = "settled") async throws {
        let attempt = try await attempt(of: task)
        try await run(
            """
            select agentcorp.finish_many(\(worker), '[{"task": \(task), "attempt": \(attempt), "outcome": "suspended", "join": "\(join)"}]')
            """)
        try await settle()
    }

    func attempt(of task: Int) async throws -> Int {
        try await int("select coalesce(max(attempt), 0) + 1 from agentcorp.attempt where task_id = \(task)")
    }

    /// What agentcorp.why says, a line each, indented by the level.
    func why(_ task: Int) async throws -> [String] {
        try await rows("select repeat('  ', level) || what || ': ' || detail from agentcorp.why(\(task))")
    }
}
