internal import Postgres
internal import Queue

extension Bench {
    /// A worker and a coordinator with nothing to do: what they ask, and how soon they are back at work.
    func idle(_ database: BenchDatabase) async throws {
        let client = try await PostgresConnection.connect(PostgresConfiguration(dsn: database.dsn), logger: .silent)
        let idle = Idle(database: database, client: client)
        let worker = try await database.start(["worker", "--queues", BenchDatabase.queue])
        do {
            try await database.until { try await database.manager.workers().count == 1 }
            report(.progress("idle for \(Idle.time.components.seconds) seconds"))
            // A client that has enqueued before, as the raw one has.
            for _ in 0..<Idle.warmUp { _ = try await idle.burst() }
            try await Task.sleep(for: Idle.settling)
            let start = try await idle.requests()
            try await Task.sleep(for: Idle.time)
            let end = try await idle.requests()
            var (ours, raw): ([Double], [Double]) = ([], [])
            for round in 1...database.options.rounds {
                report(.progress("a burst after idle time: round \(round) of \(database.options.rounds)"))
                if round > 1 { try await Task.sleep(for: Idle.settling) }
                ours.append(try await idle.burst())
                raw.append(try await idle.rawBurst())
            }
            section(
                "idle, 1 worker process and the coordinator",
                [
                    Figure(
                        "\(database.meter.hasStatements ? "statements" : "transactions") per second", .count,
                        ours: [(end.count - start.count) / (end.time - start.time)], target: .atMost(5)),
                    Figure(
                        "\(Idle.burstSize) tasks enqueued until the first is claimed", .milliseconds, ours: ours,
                        raw: raw),
                ])
            await worker.stop()
            await client.close()
        } catch {
            await worker.stop()
            throw error
        }
    }
}

/// The engine at rest.
private struct Idle: Sendable {
    let database: BenchDatabase
    let client: PostgresConnection

    static let time: Duration = .seconds(30)
    /// After so long a worker looks as rarely as it ever does.
    static let settling: Duration = .seconds(6)
    static let burstSize = 100
    static let warmUp = 6
    /// A worker claims so many at first: as many as it may run at once.
    private static let firstClaim = 50

    /// What clients have asked so far, and when that was, in seconds.
    func requests() async throws -> (count: Double, time: Double) {
        let reading = try await database.meter.read()
        if let statements = reading.statements { return (statements, reading.time) }
        let result = try await database.meter.connection.query(
            "select (xact_commit + xact_rollback)::float8 from pg_stat_database where datname = current_database()")
        return (try result.rows[0].double(0), reading.time)
    }

    /// Milliseconds from the call that enqueues a burst until a task of it is no longer ready: a worker has it.
    func burst() async throws -> Double {
        try await database.reset()
        let tasks = (0..<Self.burstSize).map {
            "{\"kind\": \"noop\", \"queue\": \"\(BenchDatabase.queue)\", \"args\": \(database.args($0).text)}"
        }
        let begun = ContinuousClock.now
        try await TaskManager(client).enqueueMany(PostgresJSON("[" + tasks.joined(separator: ",") + "]"))
        while try await ready() == Self.burstSize {
            guard ContinuousClock.now - begun < .seconds(30) else { throw BenchError("nobody claimed the burst") }
        }
        let claimed = ContinuousClock.now
        try await database.until { try await database.ended("agentcorp") == Self.burstSize }
        return (claimed - begun).milliseconds
    }

    private func ready() async throws -> Int {
        let result = try await database.meter.connection.query("select count(*) from agentcorp.ready")
        return Int(try result.rows[0].int64(0))
    }

    /// The same of a client that waits for a notification, until it has the rows of its first claim in hand.
    func rawBurst() async throws -> Double {
        try await database.reset()
        let times = TaskTimes()
        let args = database.rawArgs(0..<Self.burstSize)
        let outcome = try await RawThreads.run(2, dsn: database.dsn) {
            try $0.script("listen raw")
            try $0.prepare("e", RawTables.enqueueMany)
            try $0.prepare("n", "select pg_notify('raw', '')")
            try $0.prepare("w", RawTables.work)
            for _ in 0..<Self.warmUp {
                try $0.script("begin")
                _ = try $0.run("e", [args, "1"])
                _ = try $0.run("w", ["\(Self.firstClaim)", "{}", "{}"])
                try $0.script("rollback")
            }
        } body: { session, index in
            if index == 1 {
                try session.waitForNotification()
                let claimed = try session.run("w", ["\(Self.firstClaim)", "{}", "{}"])
                times.start(0)
                return claimed.count
            }
            let begun = ContinuousClock.now
            _ = try session.run("e", [args, "1"])
            _ = try session.run("n")
            times.enqueue(0, begun: begun)
            return 0
        }
        guard outcome.counts.reduce(0, +) == Self.firstClaim else { throw BenchError("the raw client claimed nothing") }
        return try times.latencies()[0]
    }
}
