internal import Postgres
internal import Queue

extension Bench {
    /// Tasks of a hundred concurrency keys, ten of each key at once; the limit knows nothing of keys.
    func keys(_ database: BenchDatabase) async throws {
        let batch = options.batches.max() ?? 1000
        let keyed = KeyedDrain(database: database, batch: batch, tasks: options.tasks / 4)
        let rounds = Rounds(try await inTurns("keys", raw: keyed.raw, ours: keyed.ours))
        section(
            "keys, \(KeyedDrain.keys) of them with \(KeyedDrain.limit) at once, beside raw without keys, 1 worker process",
            rounds.figures(rate: nil))
    }
}

/// The drain of a queue in which every task must be admitted.
private struct KeyedDrain {
    static let keys = 100
    /// How many tasks of a key may run at once.
    static let limit = 10
    private static let prefix = "bench:"

    let database: BenchDatabase
    let batch: Int
    let tasks: Int

    private var drain: Drain {
        var drain = Drain(
            database: database, workers: [["--concurrency", "1000", "--max-batch", "\(batch)"]], batch: batch,
            tasks: tasks)
        // Its own: a claim from a queue that has once had keys looks for lines first, for ever.
        drain.queue = BenchDatabase.queue + "-keys"
        return drain
    }

    func raw() async throws -> Leg {
        try await drain.fillRaw()
        return try await drain.raw()
    }

    func ours() async throws -> Leg {
        let (manager, drain) = (database.manager, drain)
        try await database.reset()
        try await manager.createQueue(drain.queue)
        try await manager.pauseQueue(drain.queue)
        try await manager.setLimit(key: Self.prefix + "*", LimitRequest(concurrency: Self.limit))
        for start in stride(from: 0, to: tasks, by: 1000) {
            let nodes = (start..<min(start + 1000, tasks)).map {
                """
                {"kind": "noop", "queue": "\(drain.queue)", "concurrency_key": "\(Self.prefix)\($0 % Self.keys)", \
                "args": \(database.args($0).text)}
                """
            }
            try await manager.enqueueMany(PostgresJSON("[" + nodes.joined(separator: ",") + "]"))
        }
        try await database.settle(["agentcorp.task", "agentcorp.queued"])
        return try await drain.ours()
    }
}
