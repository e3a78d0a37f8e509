internal import Agents
internal import JSON
internal import Orchestration
internal import Postgres
internal import Providers
internal import Queue
internal import Worker

extension Bench {
    /// A run of a plan beside the same tasks as a tree of the bare queue.
    func plans(_ database: BenchDatabase) async throws {
        for isFilled in [false, true] {
            let title =
                "plan of 10,000 tasks in chains of ten, "
                + (isFilled ? "each with the output of the last" : "as they stand")
            let forest = PlanForest(database: database, isFilled: isFilled)
            let (ours, raw) = try await inTurns(title, raw: forest.tree, ours: forest.plan)
            section(
                title,
                [
                    Figure(
                        "submission", .seconds, ours: ours.map(\.submission), raw: raw.map(\.submission),
                        target: .atMost(1)),
                    Figure(
                        "per task, beside the bare queue", .microseconds,
                        ours: ours.map { $0.whole / Double(PlanForest.tasks) * 1e6 },
                        raw: raw.map { $0.whole / Double(PlanForest.tasks) * 1e6 }, target: .ratioAtMost(1.5)),
                ])
        }
    }
}

/// Chains of tasks that stand beside each other.
private struct PlanForest: Sendable {
    static let tasks = 10_000
    private static let length = 10

    struct Times: Sendable {
        /// In seconds: of the attempt that added the tasks, and from the call that began it to the end of all.
        let submission: Double
        let whole: Double
    }

    let database: BenchDatabase
    /// Each task has the output of the one before it in its arguments.
    let isFilled: Bool

    func plan() async throws -> Times {
        try await database.reset()
        var tasks: [String: JSONValue] = [:]
        for index in 0..<Self.tasks {
            var task: [String: JSONValue] = ["kind": "noop", "queue": .string(BenchDatabase.queue)]
            task["args"] = ["n": .integer(Int64(index))]
            if index % Self.length > 0 {
                task["needs"] = [.string("t\(index - 1)")]
                if isFilled { task["args"] = ["n": .string("{{ t\(index - 1).n }}")] }
            }
            tasks["t\(index)"] = .object(task)
        }
        let orchestrator = Orchestrator(database.manager)
        try await orchestrator.load(["plan": "forest", "tasks": .object(tasks)], named: "forest")
        return try await time { try await orchestrator.run("forest", queue: BenchDatabase.queue) }
    }

    /// The same as subtasks that a handler adds.
    func tree() async throws -> Times {
        try await database.reset()
        return try await time {
            var request = TaskRequest("tree")
            request.queue = BenchDatabase.queue
            return try await database.manager.enqueue(request)
        }
    }

    private func time(_ start: () async throws -> Int64) async throws -> Times {
        let subtasks = PostgresJSON(
            "["
                + (0..<Self.tasks).map { index in
                    let needs = index % Self.length > 0 ? ", \"needs\": [\"t\(index - 1)\"]" : ""
                    return
                        "{\"kind\": \"noop\", \"name\": \"t\(index)\", \"queue\": \"\(BenchDatabase.queue)\", \"args\": {\"n\": \(index)}\(needs)}"
                }.joined(separator: ",") + "]")
        let handlers = HandlerRegistry()
        let agents = AgentRuntime(providers: try ProviderCatalog(environment: [:]))
        OrchestrationRuntime(agents: agents).register(in: handlers)
        let isFilled = isFilled
        handlers.register("noop") { .completed(isFilled ? PostgresJSON($0.task.args) : nil) }
        handlers.register("tree") { context in
            try await context.addSubtasks(subtasks)
            return .completed(nil)
        }
        return try await database.withWorker([BenchDatabase.queue], handlers) {
            let root = try await start()
            var times: Times?
            try await database.until {
                times = try await self.times(of: root)
                return times != nil
            }
            guard let times, try await database.ended("agentcorp") == Self.tasks + 1 else {
                throw BenchError("a task of the plan is missing")
            }
            return times
        }
    }

    /// Nil until the root has ended.
    private func times(of root: Int64) async throws -> Times? {
        let result = try await database.meter.connection.query(
            """
            select extract(epoch from l.finished_at - t.created_at)::float8, l.outcome,
                (select a.ran_ms / 1000 from agentcorp.attempt a where a.task_id = t.id and a.attempt = 1)::float8
            from agentcorp.task t join agentcorp.attempt l on l.task_id = t.id
            where t.id = $1 and l.outcome in (1, 2, 3, 4)
            """, [root])
        guard let row = result.rows.first else { return nil }
        guard try row.int16(1) == 1 else { throw BenchError("the plan did not complete") }
        return Times(submission: try row.double(2), whole: try row.double(0))
    }
}
