extension Session {
    /// Reserves for a call: `granted`, or the reason why not with the task whose budget it is, and `later` when it is worth asking again.
    func reserve(
        _ task: Int, _ seq: Int, usd: String = "0.1", tokens: Int = 10, attempt: Int = 1, provider: String = "p",
        model: String = "m"
    ) async throws -> String {
        try await value(
            """
            select concat_ws(' ', case when granted then 'granted' else reason end, budget_task, case when wait > interval '0' then 'later' end)
            from agentcorp.reserve(0::smallint, \(task), \(attempt), \(seq), '\(provider)', '\(model)', \(usd), \(tokens))
            """)
    }

    /// Settles a call; says whether it was open.
    @discardableResult
    func settle(_ task: Int, _ seq: Int, usd: String = "null", tokens: String = "null") async throws -> Bool {
        try await value("select agentcorp.settle(0::smallint, \(task), \(seq), \(usd), \(tokens))") == "true"
    }

    @discardableResult
    func unreserve(_ task: Int, _ seq: Int) async throws -> Bool {
        try await value("select agentcorp.unreserve(0::smallint, \(task), \(seq))") == "true"
    }

    func setBudget(_ task: Int, _ limits: String) async throws {
        try await run("select agentcorp.set_budget(\(task), \(limits))")
    }

    /// A column of a task's budget.
    func budget(_ task: Int, _ column: String) async throws -> String {
        try await value("select \(column) from agentcorp.budgets where task_id = \(task)")
    }
}
