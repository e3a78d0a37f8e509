import TestSupport

extension Session {
    /// Asks about a task, with the arguments of `agentcorp.request_approval` after the title; returns the id.
    func ask(_ task: Int, attempt: Int = 1, title: String = "may it?", _ more: String = "'{approve,reject}'")
        async throws
        -> Int
    {
        try await int(
            "select id from agentcorp.request_approval(\(task), \(attempt), null, null, 'task', '\(title)', \(more))")
    }

    /// Asks about a call of turn 1.
    func ask(_ run: AgentSession, call: Int, reason: String = "policy", _ more: String = "") async throws -> Int {
        try await int("select id from \(request(run, call: call, reason: reason, more))")
    }

    func request(_ run: AgentSession, call: Int, reason: String = "policy", _ more: String = "") -> String {
        "agentcorp.request_approval(\(run.task), 1, 1, \(call), '\(reason)', 'may it?', '{approve,edit,reject,respond}'\(more))"
    }

    /// Decides with the arguments of `agentcorp.decide`.
    func decide(_ arguments: String) async throws { try await run("select agentcorp.decide(\(arguments))") }

    func states(ofCalls run: AgentSession) async throws -> [String] {
        try await rows("select state from agentcorp.tool_call where task_id = \(run.task) order by idx")
    }
}

extension AgentSession {
    /// Commits a turn with calls of tools, each with the argument `n`.
    func call(_ tools: String...) async throws {
        let calls = tools.enumerated().map { index, tool in
            #"{"id":"c\#(index)","tool":"\#(tool)","effect":"once","state":"planned","args":{"n":\#(index),"deep":{"a":1}}}"#
        }
        try await commit(1, calls: "[\(calls.joined(separator: ","))]")
    }
}
