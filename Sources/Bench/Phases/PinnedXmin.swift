internal import Postgres
internal import Queue

extension Bench {
    /// A transaction stays open while the queue is drained: no dead row can be removed, and claims must not slow down.
    func pinnedXmin(_ database: BenchDatabase) async throws {
        for priorities in [1, 10] {
            let title = "drain while a transaction stays open, \(priorities == 1 ? "one priority" : "mixed priorities")"
            let drain = Drain(
                database: database, workers: [[]], batch: 1000, tasks: database.options.tasks, priorities: priorities)
            var (first, last): ([Double], [Double]) = ([], [])
            for round in 1...database.options.rounds {
                report(.progress("\(title): round \(round) of \(database.options.rounds)"))
                try await drain.fill()
                try await database.withPinnedXmin { _ = try await drain.ours() }
                let times = try await FinishTimes(database.meter.connection)
                guard times.count == drain.tasks else {
                    throw BenchError("\(times.count) of \(drain.tasks) tasks completed")
                }
                first.append(times.rate(from: 0, to: drain.tasks * 3 / 10))
                last.append(times.rate(from: drain.tasks * 7 / 10, to: drain.tasks))
            }
            section(
                title,
                [
                    Figure(
                        "rate of the last 30%, beside the first", .perSecond, ours: last, raw: first,
                        target: .ratioAtLeast(0.9))
                ])
        }
    }
}

extension BenchDatabase {
    /// Holds a transaction open in a session of its own: with an id, and with a snapshot that sees all from here on.
    fileprivate func withPinnedXmin(_ body: () async throws -> Void) async throws {
        let connection = try await PostgresConnection.connect(PostgresConfiguration(dsn: dsn), logger: .silent)
        try await connection.transaction(retries: 0, isolation: .repeatableRead) { connection in
            _ = try await connection.query("select pg_current_xact_id()")
            try await body()
            // A server setting may have ended it.
            _ = try await connection.query("select 1")
        }
        await connection.close()
    }
}
