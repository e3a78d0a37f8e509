extension RawThreads {
    /// Runs plain clients that do `tasks` tasks between them, and measures it.
    static func leg(
        _ count: Int, _ database: BenchDatabase, tasks: Int,
        prepare: @escaping @Sendable (RawSession) throws -> Void,
        body: @escaping @Sendable (RawSession, Int) throws -> Int
    ) async throws -> Leg {
        let meter = database.meter
        var start: ServerReading?
        var end: ServerReading?
        let outcome = try await run(count, dsn: database.dsn, prepare: prepare) {
            start = try await meter.read()
        } body: { session, index in
            try body(session, index)
        } onEnd: {
            end = try await meter.read()
        }
        let done = outcome.counts.reduce(0, +)
        guard done == tasks, let start, let end else {
            throw BenchError("the raw clients did \(done) of \(tasks) tasks")
        }
        return Leg(tasks: tasks, seconds: end.time - start.time, from: start, to: end, clientCPU: outcome.cpu)
    }
}

extension RawSession {
    /// Claims batches with the prepared `RawTables.work` until nothing is left; each call finishes the batch before.
    /// Returns how many tasks it had.
    func drain(_ name: String, batch: Int) throws -> Int {
        var (tasks, attempts, count) = ("{}", "{}", 0)
        while true {
            let claimed = try run(name, ["\(batch)", tasks, attempts])
            guard claimed.count > 0 else { return count }
            count += claimed.count
            (tasks, attempts) = (claimed.arrayLiteral(0), claimed.arrayLiteral(1))
        }
    }
}
