internal import Postgres
internal import Queue

extension Bench {
    /// Many more tasks than the hot tables could ever hold go through one worker process, and everything is kept.
    func churn(_ database: BenchDatabase) async throws {
        let churn = Churn(database: database)
        let title = "churn of \(churn.total) tasks through 1 worker process, finished tasks kept"
        let worker = try await database.start(["worker", "--queues", BenchDatabase.queue])
        do {
            try await churn.run { report(.progress("\(title): \($0) loaded")) }
            let times = try await FinishTimes(database.meter.connection)
            guard times.count == churn.loaded else {
                throw BenchError("\(times.count) of \(churn.loaded) tasks completed")
            }
            let part = churn.total / 10
            var figures = [
                Figure(
                    "rate of the last \(part), beside the second", .perSecond,
                    ours: [times.rate(from: 9 * part, to: 10 * part)],
                    raw: [times.rate(from: part, to: 2 * part)], target: .ratioAtLeast(0.9)),
                Figure(
                    "hot tables and their indexes at the end", .mebibytes,
                    ours: [try await churn.hotTables() / 1_048_576],
                    target: .atMost(100)),
            ]
            if let memory = ProcessMeter.peakMemory(of: worker.pid) {
                figures.append(Figure("worker's peak memory", .mebibytes, ours: [memory / 1_048_576]))
            }
            section(title, figures)
            await worker.stop()
        } catch {
            await worker.stop()
            throw error
        }
    }
}

/// A stream of no-ops, loaded by COPY while it is drained.
private struct Churn {
    let database: BenchDatabase

    /// Loaded by one COPY.
    private static let batch = 20_000
    /// At most so many wait. The queue of a healthy system is short, however much goes through it.
    private static let mostWaiting = 100_000

    var total: Int { database.options.tasks }

    /// Some more follow, so that the last part is not drained with the machine to itself.
    var loaded: Int { total + Self.mostWaiting }

    /// Loads all, and waits until all have completed.
    func run(_ report: (Int) -> Void) async throws {
        let already = try await database.completed()
        for start in stride(from: 0, to: loaded, by: Self.batch) {
            try await database.until { start - (try await database.completed() - already) < Self.mostWaiting }
            try await database.manager.enqueueBulk(
                "noop", args: (start..<min(start + Self.batch, loaded)).map { database.args($0) },
                queue: BenchDatabase.queue)
            report(min(start + Self.batch, loaded))
        }
        try await database.until { try await database.completed() - already >= loaded }
    }

    /// The size of everything that a claim or an end touches and leaves nothing in, in bytes.
    func hotTables() async throws -> Double {
        let result = try await database.meter.connection.query(
            """
            select sum(pg_total_relation_size('agentcorp.' || name))::float8
            from unnest('{ready,claim,count_delta,scheduled,blocked,resolve}'::text[]) name
            """)
        return try result.rows[0].double(0)
    }
}
