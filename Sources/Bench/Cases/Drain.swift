internal import Postgres
internal import Queue

extension Bench {
    /// Worker processes empty a full queue: one and two of them, with flags for speed and without.
    func drain(_ database: BenchDatabase) async throws {
        let tuned = ["--concurrency", "1000"]
        for batch in options.batches {
            var single: Rounds?
            for processes in [1, 2] {
                let title = "drain, \(processes) worker process\(processes == 1 ? "" : "es"), batches of \(batch)"
                let workers = [[String]](repeating: tuned + ["--max-batch", "\(batch)"], count: processes)
                let rounds = try await self.rounds(
                    title, Drain(database: database, workers: workers, batch: batch, tasks: options.tasks))
                var figures = rounds.figures(
                    rate: .ratioAtLeast(processes == 1 ? 0.75 : 0.7), serverCPU: .ratioAtMost(1.4),
                    clientCPU: .atMost(8))
                if let single {
                    figures.append(
                        Figure(
                            "rate beside one process", .perSecond, ours: rounds.ours.map(\.rate),
                            raw: single.ours.map(\.rate),
                            target: .ratioAtLeast(1.4)))
                }
                section(title, figures)
                single = single ?? rounds
                guard processes == 1, batch == options.batches.max() else { continue }
                let plainTitle = "drain, 1 worker process, out of the box"
                let plain = try await self.rounds(
                    plainTitle, Drain(database: database, workers: [[]], batch: batch, tasks: options.tasks))
                section(
                    plainTitle,
                    plain.figures(rate: nil)
                        + [
                            Figure(
                                "rate beside the tuned one", .perSecond, ours: plain.ours.map(\.rate),
                                raw: rounds.ours.map(\.rate), target: .ratioAtLeast(0.9))
                        ])
            }
        }
    }

    private func rounds(_ title: String, _ drain: Drain) async throws -> Rounds {
        Rounds(
            try await inTurns(title) {
                try await drain.fillRaw()
                return try await drain.raw()
            } ours: {
                try await drain.fill()
                return try await drain.ours()
            })
    }
}

/// Worker processes empty a full queue of no-ops.
struct Drain {
    let database: BenchDatabase
    /// The worker processes' arguments, one array for each.
    let workers: [[String]]
    /// What plain clients claim at once; there are as many as workers.
    let batch: Int
    var tasks: Int
    /// Tasks take turns at so many priorities.
    var priorities = 1
    var queue = BenchDatabase.queue

    /// Fills the queue, which is paused, and has nothing else in the tables.
    func fill() async throws {
        try await database.reset()
        try await database.manager.pauseQueue(queue)
        for priority in 0..<priorities {
            let range = priority * tasks / priorities..<(priority + 1) * tasks / priorities
            for start in stride(from: range.lowerBound, to: range.upperBound, by: 50_000) {
                try await database.manager.enqueueBulk(
                    "noop", args: (start..<min(start + 50_000, range.upperBound)).map { database.args($0) },
                    queue: queue, priority: Int16(priorities == 1 ? 4 : priority))
            }
        }
        try await database.settle(["agentcorp.task", "agentcorp.ready"])
    }

    func fillRaw() async throws {
        try await database.reset()
        let (database, tasks, priorities) = (database, tasks, priorities)
        _ = try await RawThreads.run(1, dsn: database.dsn) {
            try $0.prepare("e", RawTables.enqueueMany)
        } body: { session, _ in
            for start in stride(from: 0, to: tasks, by: 10_000) {
                _ = try session.run("e", [database.rawArgs(start..<min(start + 10_000, tasks)), "\(priorities)"])
            }
            return tasks
        }
        try await database.settle(["raw.task", "raw.ready"])
    }

    /// From the moment in which the queue is resumed to the last attempt's end, by the server's clock.
    func ours() async throws -> Leg {
        let already = try await database.completed(queue)
        var processes: [BenchProcess] = []
        do {
            for arguments in workers {
                processes.append(try await database.start(["worker", "--queues", queue] + arguments))
            }
            try await database.until { try await database.manager.workers().count == workers.count }
            let (start, cpuBefore) = (try await database.meter.read(), cpu(processes))
            try await database.manager.resumeQueue(queue)
            try await database.until { try await database.completed(queue) - already >= tasks }
            let (end, cpuAfter) = (try await database.meter.read(), cpu(processes))
            let last = try await database.meter.connection.query(
                "select extract(epoch from max(finished_at))::float8 from agentcorp.attempt")
            var leg = Leg(
                tasks: tasks, seconds: try last.rows[0].double(0) - start.time, from: start, to: end,
                clientCPU: cpuAfter - cpuBefore)
            leg.memory = processes.compactMap { ProcessMeter.peakMemory(of: $0.pid) }.max().map { $0 / 1_048_576 }
            for process in processes { await process.stop() }
            return leg
        } catch {
            for process in processes { await process.stop() }
            throw error
        }
    }

    func raw() async throws -> Leg {
        let batch = batch
        return try await RawThreads.leg(workers.count, database, tasks: tasks) {
            try $0.prepare("w", RawTables.work)
        } body: { session, _ in
            try session.drain("w", batch: batch)
        }
    }

    private func cpu(_ processes: [BenchProcess]) -> Double {
        processes.reduce(0) { $0 + (ProcessMeter.cpu(of: $1.pid) ?? 0) }
    }
}
