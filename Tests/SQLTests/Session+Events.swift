import TestSupport

extension Session {
    /// Emits an event with the arguments of `agentcorp.emit_event`.
    @discardableResult
    func emit(_ arguments: String) async throws -> Int {
        try await int("select agentcorp.emit_event(\(arguments))")
    }

    /// Waits with the arguments of `agentcorp.await_event` after the attempt: the data of the event, `timed out`, or
    /// nothing when the wait goes on.
    func await(_ task: Int, _ attempt: Int, _ arguments: String) async throws -> String {
        try await value(
            """
            select case when e ->> 'timed_out' = 'true' then 'timed out' else coalesce(e -> 'data', e)::text end
            from agentcorp.await_event(\(task), \(attempt), \(arguments)) e
            """)
    }

    /// Adds a task and claims it.
    func running(_ worker: Int, _ arguments: String = "'a'") async throws -> Int {
        let task = try await enqueue(arguments)
        let claimed = try await claim(worker)
        guard claimed == [task] else { throw TestSupportError("claimed \(claimed), not \(task)") }
        return task
    }

    /// Adds a task, claims it, and parks it until an event.
    func parked(_ worker: Int, _ wait: String) async throws -> Int {
        let task = try await running(worker)
        guard try await self.await(task, 1, wait) == "" else { throw TestSupportError("the wait is over already") }
        try await finish(task, worker, "'suspended'")
        return task
    }

    func waits() async throws -> Int { try await int("select count(*) from agentcorp.wait where shard = 0") }
}
