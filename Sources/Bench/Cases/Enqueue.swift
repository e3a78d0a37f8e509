internal import Postgres
internal import Queue

extension Bench {
    /// Tasks come in: one by one, by the thousand in one call, and by COPY. Nothing claims them.
    func enqueue(_ database: BenchDatabase) async throws {
        for clients in options.connections ?? [1, 32] {
            // One client is bound by the flush of each commit; more of them share flushes.
            let share = max(1, options.tasks / 40 * min(clients, 5) / clients)
            let single = SingleEnqueue(database: database, clients: clients, perClient: share)
            let title = "enqueue, one at a time, \(clients) client\(clients == 1 ? "" : "s")"
            let rounds = try await enqueueRounds(title, database, ours: single.ours, raw: single.raw)
            section(
                title,
                rounds.figures(rate: .ratioAtLeast(0.75), reached: 0.5) + [
                    Figure(
                        "time of a call, p50", .microseconds, ours: [single.ourTimes.all.median],
                        raw: [single.rawTimes.all.median])
                ])
        }
        let many = ManyEnqueue(database: database, calls: max(1, options.tasks / ManyEnqueue.size))
        let title = "enqueue, \(ManyEnqueue.size) in one call"
        section(
            title,
            try await enqueueRounds(title, database, ours: many.ours, raw: many.raw)
                .figures(rate: .ratioAtLeast(0.6)))
        // All of a call is in memory, and so is its copy for the limit.
        let size = min(options.tasks, 10_000, 100_000_000 / options.payload)
        let bulk = BulkEnqueue(database: database, size: size, calls: max(1, options.tasks / size))
        let bulkTitle = "enqueue by COPY, \(size) at once"
        section(
            bulkTitle,
            try await enqueueRounds(bulkTitle, database, ours: bulk.ours, raw: bulk.raw)
                .figures(rate: .ratioAtLeast(0.7)))
        try await database.reset()
    }

    /// Ours and the limit in turns, each into empty tables; what must be there afterwards is counted.
    private func enqueueRounds(
        _ title: String, _ database: BenchDatabase, ours: () async throws -> (leg: Leg, rows: Int),
        raw: () async throws -> (leg: Leg, rows: Int)
    ) async throws -> Rounds {
        Rounds(
            try await inTurns(title) {
                try await intoEmptyTables(of: "raw", database, raw)
            } ours: {
                try await intoEmptyTables(of: "agentcorp", database, ours)
            })
    }

    private func intoEmptyTables(
        of schema: String, _ database: BenchDatabase, _ leg: () async throws -> (leg: Leg, rows: Int)
    ) async throws -> Leg {
        try await database.reset()
        try await database.settle(["\(schema).task", "\(schema).ready"])
        let (leg, rows) = try await leg()
        for table in ["task", "ready"] {
            let found = try await database.meter.connection.query("select count(*) from \(schema).\(table)").rows[0]
                .int64(0)
            guard found == rows else { throw BenchError("\(schema).\(table) has \(found) rows instead of \(rows)") }
        }
        return leg
    }
}

/// Clients that add one task in each call, which wakes the workers.
private struct SingleEnqueue {
    let database: BenchDatabase
    let clients: Int
    /// How many each of them adds.
    let perClient: Int
    /// In microseconds.
    let ourTimes = Samples()
    let rawTimes = Samples()
    /// Payloads are made before the clock starts, and used again and again.
    private static let variety = 100

    func ours() async throws -> (leg: Leg, rows: Int) {
        let requests = (0..<Self.variety).map { index in
            var request = TaskRequest("noop", args: database.args(index))
            request.queue = BenchDatabase.queue
            return request
        }
        let (perClient, times) = (perClient, ourTimes)
        let leg = try await Clients.leg(clients, database, tasks: clients * perClient) { connection in
            let manager = TaskManager(connection)
            try await manager.enqueue(requests[0])
            return manager
        } body: { manager, _ in
            var own: [Double] = []
            own.reserveCapacity(perClient)
            for index in 0..<perClient {
                let start = ContinuousClock.now
                try await manager.enqueue(requests[index % requests.count])
                own.append((ContinuousClock.now - start).microseconds)
            }
            times.add(own)
            return perClient
        }
        return (leg, clients * (perClient + 1))
    }

    func raw() async throws -> (leg: Leg, rows: Int) {
        let args = (0..<Self.variety).map { database.args($0).text }
        let (perClient, times) = (perClient, rawTimes)
        let leg = try await RawThreads.leg(clients, database, tasks: clients * perClient) {
            try $0.prepare("e", RawTables.enqueue)
            _ = try $0.run("e", [args[0]])
        } body: { session, _ in
            var own: [Double] = []
            own.reserveCapacity(perClient)
            for index in 0..<perClient {
                let start = ContinuousClock.now
                _ = try session.run("e", [args[index % args.count]])
                own.append((ContinuousClock.now - start).microseconds)
            }
            times.add(own)
            return perClient
        }
        return (leg, clients * (perClient + 1))
    }
}

/// One client that adds a thousand tasks in each call.
private struct ManyEnqueue {
    static let size = 1000
    private static let variety = 4

    let database: BenchDatabase
    let calls: Int

    func ours() async throws -> (leg: Leg, rows: Int) {
        let documents = (0..<Self.variety).map { turn in
            PostgresJSON(
                "["
                    + (turn * Self.size..<(turn + 1) * Self.size).map {
                        "{\"kind\": \"noop\", \"queue\": \"\(BenchDatabase.queue)\", \"args\": \(database.args($0).text)}"
                    }.joined(separator: ", ") + "]")
        }
        let calls = calls
        let leg = try await Clients.leg(1, database, tasks: calls * Self.size) { connection in
            let manager = TaskManager(connection)
            try await manager.enqueueMany(documents[0])
            return manager
        } body: { manager, _ in
            var count = 0
            for call in 0..<calls { count += try await manager.enqueueMany(documents[call % documents.count]).count }
            return count
        }
        return (leg, (calls + 1) * Self.size)
    }

    func raw() async throws -> (leg: Leg, rows: Int) {
        let literals = (0..<Self.variety).map { database.rawArgs($0 * Self.size..<($0 + 1) * Self.size) }
        let calls = calls
        let leg = try await RawThreads.leg(1, database, tasks: calls * Self.size) {
            try $0.prepare("e", RawTables.enqueueMany)
            _ = try $0.run("e", [literals[0], "1"])
        } body: { session, _ in
            for call in 0..<calls { _ = try session.run("e", [literals[call % literals.count], "1"]) }
            return calls * Self.size
        }
        return (leg, (calls + 1) * Self.size)
    }
}

/// One client that adds many tasks in a transaction with two COPYs.
private struct BulkEnqueue {
    let database: BenchDatabase
    /// Tasks in each transaction.
    let size: Int
    let calls: Int

    func ours() async throws -> (leg: Leg, rows: Int) {
        let args = (0..<size).map { database.args($0) }
        let calls = calls
        let leg = try await Clients.leg(1, database, tasks: calls * size) { connection in
            _ = try await connection.transaction {
                try await TaskManager($0).enqueueBulk("noop", args: args, queue: BenchDatabase.queue)
            }
            return connection
        } body: { connection, _ in
            var count = 0
            for _ in 0..<calls {
                count += try await connection.transaction {
                    try await TaskManager($0).enqueueBulk("noop", args: args, queue: BenchDatabase.queue).count
                }
            }
            return count
        }
        return (leg, (calls + 1) * size)
    }

    func raw() async throws -> (leg: Leg, rows: Int) {
        let template = RawCopyRows((0..<size).map { database.args($0) })
        let (size, calls) = (size, calls)
        let leg = try await RawThreads.leg(1, database, tasks: calls * size) { session in
            var rows = template
            rows.number(from: 1)
            try rows.send(through: session)
        } body: { session, _ in
            var rows = template
            for call in 1...calls {
                rows.number(from: Int64(call * size + 1))
                try rows.send(through: session)
            }
            return calls * size
        }
        return (leg, (calls + 1) * size)
    }
}
