internal import Postgres
internal import Queue
internal import Worker

extension Bench {
    /// 1,000 tasks, each of which needs the one before it.
    func chain(_ database: BenchDatabase) async throws {
        for link in Chain.Link.allCases {
            let chain = Chain(database: database, link: link)
            let (ours, raw) = try await inTurns(link.title) {
                try await chain.raw().hops()
            } ours: {
                try await chain.ours().hops()
            }
            section(
                link.title,
                [("p50", 0.5, Target.ratioAtMost(link.mostRatio)), ("p99", 0.99, nil)].map { name, share, target in
                    Figure(
                        "hop, \(name)", .milliseconds, ours: ours.map { $0.quantile(share) },
                        raw: raw.map { $0.quantile(share) }, target: target,
                        reached: link.reached)
                })
        }
    }
}

/// A chain, and the workers that follow it.
private struct Chain: Sendable {
    /// How the end of a task reaches whoever runs the next.
    enum Link: CaseIterable {
        /// The same worker has both: it gets the next task in the answer to its report.
        case handedOver
        /// Two workers serve a queue each, and the tasks stand in these by turns: each hop needs a NOTIFY.
        case notified

        var title: String {
            switch self {
            case .handedOver: "chain of 1,000 tasks, handed over within a worker"
            case .notified: "chain of 1,000 tasks, between two workers by NOTIFY"
            }
        }

        var mostRatio: Double { self == .handedOver ? 2 : 1.5 }
        var reached: Double { self == .handedOver ? 4.5 : 3.5 }

        var queues: [String] {
            self == .handedOver ? [BenchDatabase.queue] : [BenchDatabase.queue, BenchDatabase.queue + "2"]
        }
    }

    let database: BenchDatabase
    let link: Link

    private static let length = 1000

    /// From start to start, by the handlers' clocks.
    func ours() async throws -> TaskTimes {
        try await database.reset()
        try await fill()
        let times = TaskTimes()
        let handlers = HandlerRegistry()
        handlers.register("noop") { context in
            times.start(context.task.id)
            return .completed(nil)
        }
        try await served(link.queues[...], handlers) {
            // The queue of the first task last, so that nobody waits for the other one's resumption.
            for queue in link.queues.reversed() { try await database.manager.resumeQueue(queue) }
            try await database.until { try await database.ended("agentcorp") == Self.length }
        }
        guard times.startedCount == Self.length else {
            throw BenchError("\(times.startedCount) of \(Self.length) tasks ran")
        }
        return times
    }

    /// One transaction adds the chain: no other way in is as direct, for each task names the one before it.
    private func fill() async throws {
        for queue in link.queues {
            try await database.manager.createQueue(queue)
            try await database.manager.pauseQueue(queue)
        }
        try await database.pool.transaction { connection in
            var request = TaskRequest("noop")
            for index in 0..<Self.length {
                request.args = database.args(index)
                request.queue = link.queues[index % link.queues.count]
                request.needs = [try await TaskManager(connection).enqueue(request)]
            }
        }
        try await database.settle(["agentcorp.task", "agentcorp.dependency", "agentcorp.blocked"])
    }

    /// A worker for each queue.
    private func served(
        _ queues: ArraySlice<String>, _ handlers: HandlerRegistry, _ body: () async throws -> Void
    ) async throws {
        guard let queue = queues.first else { return try await body() }
        try await database.withWorker([queue], handlers) { try await served(queues.dropFirst(), handlers, body) }
    }

    /// One session does all the work: with NOTIFY it claims and finishes by statements of their own, else by one.
    func raw() async throws -> TaskTimes {
        try await database.reset()
        let (times, database, link) = (TaskTimes(), database, link)
        _ = try await RawThreads.run(1, dsn: database.dsn) {
            try $0.prepare("e", RawTables.enqueueChain)
            try $0.prepare("w", RawTables.work)
            try $0.prepare("n", RawTables.finishAndNotify)
            try $0.prepare("t", RawTables.finishAndTakeNext)
            _ = try $0.run("e", [database.rawArgs(0..<Self.length)])
        } onStart: {
            try await database.settle(["raw.task", "raw.next", "raw.gate"])
        } body: { session, _ in
            switch link {
            case .handedOver: try Self.follow(session, times)
            case .notified: try Self.followNotifications(session, times)
            }
            return Self.length
        }
        guard try await database.ended("raw") == Self.length, times.startedCount == Self.length else {
            throw BenchError("the raw client lost a task of the chain")
        }
        return times
    }

    private static func follow(_ session: RawSession, _ times: TaskTimes) throws {
        var taken = try session.run("w", ["1", "{}", "{}"])
        while taken.count == 1 {
            times.start(Int64(taken[0, 0]) ?? 0)
            taken = try session.run("t", [taken[0, 0]])
        }
    }

    private static func followNotifications(_ session: RawSession, _ times: TaskTimes) throws {
        try session.script("listen raw; notify raw")
        var isLast = false
        while !isLast {
            try session.waitForNotification()
            let claimed = try session.run("w", ["1", "{}", "{}"])
            guard claimed.count == 1 else { throw BenchError("the next task of the chain is not ready") }
            times.start(Int64(claimed[0, 0]) ?? 0)
            isLast = try session.run("n", [claimed[0, 0]]).count == 0
        }
    }
}
