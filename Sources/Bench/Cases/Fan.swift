internal import Postgres
internal import Queue
internal import Worker

extension Bench {
    /// A parent adds subtasks and completes after them.
    func fan(_ database: BenchDatabase) async throws {
        var perChild: [Double]?
        // 100,000 must not cost more each than 10,000 do.
        for children in [10_000, 100_000] where children <= max(database.options.tasks, 10_000) {
            let title = "fan-out to \(children / 1000),000 subtasks, and in"
            let fan = Fan(database: database, children: children)
            let (ours, raw) = try await inTurns(title, raw: fan.raw, ours: fan.ours)
            let each = ours.map { $0 / Double(children) * 1e6 }
            var figures = [
                Figure("whole", .seconds, ours: ours, raw: raw, target: perChild == nil ? .ratioAtMost(3) : nil),
                Figure("per subtask", .microseconds, ours: each, raw: raw.map { $0 / Double(children) * 1e6 }),
            ]
            if let perChild {
                figures.append(
                    Figure(
                        "per subtask, beside that of 10,000", .microseconds, ours: each, raw: perChild,
                        target: .ratioAtMost(1.25)))
            }
            perChild = perChild ?? each
            section(title, figures)
        }
    }
}

/// One parent and its children.
private struct Fan: Sendable {
    let database: BenchDatabase
    let children: Int

    /// Seconds from the call that enqueued the parent to its completion, by the server's clock.
    func ours() async throws -> Double {
        try await database.reset()
        let subtasks = PostgresJSON(
            "["
                + (0..<children).map {
                    "{\"kind\": \"noop\", \"queue\": \"\(BenchDatabase.queue)\", \"args\": \(database.args($0).text)}"
                }.joined(separator: ",") + "]")
        let handlers = HandlerRegistry()
        handlers.register("noop") { _ in .completed(nil) }
        handlers.register("fan") { context in
            try await context.addSubtasks(subtasks)
            return .completed(nil)
        }
        return try await database.withWorker([BenchDatabase.queue], handlers) {
            var request = TaskRequest("fan")
            request.queue = BenchDatabase.queue
            let parent = try await database.manager.enqueue(request)
            var seconds: Double?
            try await database.until {
                seconds = try await wholeTime(of: parent)
                return seconds != nil
            }
            guard let seconds, try await database.ended("agentcorp") == children + 1 else {
                throw BenchError("the parent completed before its subtasks")
            }
            return seconds
        }
    }

    /// Nil until the parent has ended.
    private func wholeTime(of parent: Int64) async throws -> Double? {
        let result = try await database.meter.connection.query(
            """
            select extract(epoch from a.finished_at - t.created_at)::float8, a.outcome
            from agentcorp.task t join agentcorp.attempt a on a.task_id = t.id
            where t.id = $1 and a.outcome in (1, 2, 3, 4)
            """, [parent])
        guard let row = result.rows.first else { return nil }
        guard try row.int16(1) == 1 else { throw BenchError("the parent did not complete") }
        return try row.double(0)
    }

    /// Seconds, by the client's clock.
    func raw() async throws -> Double {
        try await database.reset()
        let (database, children) = (database, children)
        let outcome = try await RawThreads.run(1, dsn: database.dsn) {
            try $0.prepare("e", RawTables.enqueueMany)
            try $0.prepare("s", RawTables.setCounter)
            try $0.prepare("w", RawTables.work)
            try $0.prepare("c", RawTables.workAndCount)
        } body: { session, _ in
            let (parentArgs, args) = (database.rawArgs(0..<1), database.rawArgs(0..<children))
            let begun = ContinuousClock.now
            _ = try session.run("e", [parentArgs, "1"])
            let parent = try session.run("w", ["1", "{}", "{}"])[0, 0]
            _ = try session.run("s", ["\(children)"])
            _ = try session.run("e", [args, "1"])
            _ = try session.drain("c", batch: 1000)
            _ = try session.run("w", ["0", "{\(parent)}", "{1}"])
            return Int((ContinuousClock.now - begun).microseconds)
        }
        let left = try await database.meter.connection.query("select remaining from raw.counter").rows[0].int64(0)
        guard try await database.ended("raw") == children + 1, left == 0 else {
            throw BenchError("the raw client lost a subtask")
        }
        return Double(outcome.counts[0]) / 1e6
    }
}
