internal import Postgres
internal import Queue
internal import Worker

#if canImport(Glibc)
    internal import Glibc
#endif

extension Bench {
    /// Many connections claim from one queue: one task at a time, and more and more of them with batches.
    func claimers(_ database: BenchDatabase) async throws {
        let single = Claimers(database: database, connections: 16, batch: 1, tasks: options.tasks / 4)
        let rounds = Rounds(
            try await inTurns("claimers, one task at a time", raw: single.raw, ours: single.ours))
        section("claimers, 16 connections, one task at a time", rounds.figures(rate: .ratioAtLeast(0.8)))

        let batch = options.batches.min() ?? 100
        let counts = options.connections ?? [1, 4, 16, 64]
        var all = [Rounds](repeating: Rounds(), count: counts.count)
        for round in 1...options.rounds {
            for (index, count) in counts.enumerated() {
                report(.progress("claimers, \(count) connections: round \(round) of \(options.rounds)"))
                let claimers = Claimers(database: database, connections: count, batch: batch, tasks: options.tasks)
                all[index].raw.append(try await claimers.raw())
                all[index].ours.append(try await claimers.ours())
            }
        }
        let best = all.map { $0.ours.map(\.rate) }.max { $0.median < $1.median } ?? []
        for (count, rounds) in zip(counts, all) {
            var figures = rounds.figures(rate: nil)
            if count == counts.max(), counts.count > 1 {
                figures.append(
                    Figure(
                        "rate beside the best", .perSecond, ours: rounds.ours.map(\.rate), raw: best,
                        target: .ratioAtLeast(0.9), reached: 0.6))
            }
            section("claimers, \(count) connection\(count == 1 ? "" : "s"), batches of \(batch)", figures)
        }
    }
}

/// Connections that empty one queue together; each call finishes what it claimed before and claims the next.
private struct Claimers {
    let database: BenchDatabase
    let connections: Int
    let batch: Int
    let tasks: Int

    /// Each connection takes one task before the clock starts.
    private var filling: Drain {
        Drain(database: database, workers: [], batch: batch, tasks: tasks + connections)
    }

    func ours() async throws -> Leg {
        try await filling.fill()
        try await database.manager.resumeQueue(BenchDatabase.queue)
        let shard = try await database.pool.shards()[0]
        let batch = batch
        let leg = try await Clients.leg(connections, database, tasks: tasks) { connection in
            let link = try await WorkerLink.register(
                connection, host: "bench", pid: getpid(), version: "0", queues: [BenchDatabase.queue], kinds: ["noop"],
                concurrency: batch)
            let claimer = Claimer(link: link, shard: shard)
            guard try await claimer.run(batch: 1, calls: 1) == 1 else { throw BenchError("a claimer found no task") }
            return claimer
        } body: { claimer, _ in
            try await claimer.run(batch: batch)
        } end: {
            try await $0.link.retire()
        }
        let ended = try await database.meter.connection.query(
            "select count(*) from agentcorp.attempt where outcome = 1"
        ).rows[0].int64(0)
        guard ended == tasks + connections else {
            throw BenchError("\(ended) of \(tasks + connections) tasks completed")
        }
        return leg
    }

    func raw() async throws -> Leg {
        try await filling.fillRaw()
        let batch = batch
        return try await RawThreads.leg(connections, database, tasks: tasks) {
            try $0.prepare("w", RawTables.work)
            let first = try $0.run("w", ["1", "{}", "{}"])
            _ = try $0.run("w", ["0", first.arrayLiteral(0), first.arrayLiteral(1)])
        } body: { session, _ in
            try session.drain("w", batch: batch)
        }
    }
}

/// One worker as the database sees it, without handlers.
private struct Claimer: Sendable {
    let link: WorkerLink
    let shard: Int16

    /// Claims and finishes until nothing is left, or so many times; returns how many tasks it finished.
    func run(batch: Int, calls: Int = .max) async throws -> Int {
        var floor = ClaimFloor()
        var finished: [FinishedTask] = []
        var closing: [Int64] = []
        var count = 0
        var lastBeat = ContinuousClock.now
        var left = calls
        while true {
            if ContinuousClock.now - lastBeat > .seconds(5) {
                _ = try await link.heartbeat(running: [])
                lastBeat = .now
            }
            let window = floor.window(at: .now)
            let claimed = try await link.work(
                shard: shard, queue: link.queueIDs[0], limit: left > 0 ? batch : 0, window: window, finished: finished,
                closing: closing)
            guard claimed.refused.isEmpty else { throw BenchError("a claimer lost \(claimed.refused.count) leases") }
            count += finished.count
            left -= 1
            if claimed.claimed.isEmpty, window == .everything || left < 0 { return count }
            floor.learn(claimed.highest, isFull: claimed.claimed.count >= batch)
            finished = claimed.claimed.map {
                FinishedTask(
                    key: AttemptKey(task: $0.id, attempt: $0.attempt), outcome: .completed(output: nil), ran: .zero)
            }
            closing = claimed.claimed.first.map { [$0.claimID] } ?? []
        }
    }
}
