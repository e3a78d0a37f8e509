internal import Postgres
internal import Queue
internal import Worker

#if canImport(Glibc)
    internal import Glibc
#endif

/// How a client goes from one task to the next.
enum LatencyPace: Sendable {
    /// After the task has started, and a pause of a few milliseconds.
    case oneAtATime
    case unpaced
    /// One in each interval, whether the earlier ones have started or not.
    case every(Duration)

    /// The moment of a client's next call, where that does not depend on the call before.
    fileprivate func moment(_ index: Int, of client: Int, of clients: Int, since start: ContinuousClock.Instant)
        -> ContinuousClock.Instant?
    {
        guard case .every(let interval) = self else { return nil }
        return start + interval * (Double(index) + Double(client) / Double(clients))
    }

    /// The pause after a call. It varies, so that no other rhythm of the system is met again and again.
    fileprivate func pause(_ index: Int) -> Duration? {
        guard case .oneAtATime = self else { return nil }
        return .microseconds(5000 + index % 7 * 1500)
    }
}

/// Clients enqueue, each on a connection of its own, and one worker waits for that.
struct LatencyLeg: Sendable {
    let database: BenchDatabase
    let clients: Int
    /// Tasks of each client.
    let count: Int
    let pace: LatencyPace

    /// Each client's first tasks are not measured: statements are prepared and caches are filled with them.
    private static let warmUp = 20

    private var total: Int { clients * (count + Self.warmUp) }

    func ours() async throws -> TaskTimes {
        try await database.reset()
        let times = TaskTimes()
        let handlers = HandlerRegistry()
        handlers.register("noop") { context in
            times.start(context.task.id)
            return .completed(nil)
        }
        try await database.withWorker([BenchDatabase.queue], handlers) {
            try await withThrowingTaskGroup { group in
                for client in 0..<clients { group.addTask { try await self.enqueue(client, times) } }
                try await group.waitForAll()
            }
            try await database.until { try await database.ended("agentcorp") == total }
        }
        return times
    }

    @concurrent private func enqueue(_ client: Int, _ times: TaskTimes) async throws {
        let connection = try await PostgresConnection.connect(PostgresConfiguration(dsn: database.dsn), logger: .silent)
        let manager = TaskManager(connection)
        var request = TaskRequest("noop", args: database.args(client))
        request.queue = BenchDatabase.queue
        for _ in 0..<Self.warmUp { try await manager.enqueue(request) }
        let start = ContinuousClock.now
        for index in 0..<count {
            if let moment = pace.moment(index, of: client, of: clients, since: start) {
                try await Task.sleep(until: moment, clock: .continuous)
            }
            let begun = ContinuousClock.now
            let task = try await manager.enqueue(request)
            times.enqueue(task, begun: begun)
            guard let pause = pace.pause(index) else { continue }
            try await Task.sleep(for: pause)
            try await database.until(within: .seconds(30)) { times.hasStarted(task) }
        }
        await connection.close()
    }

    func raw() async throws -> TaskTimes {
        try await database.reset()
        let (times, total) = (TaskTimes(), total)
        _ = try await RawThreads.run(clients + 1, dsn: database.dsn) {
            try $0.prepare("e", RawTables.enqueueAndNotify)
            try $0.prepare("w", RawTables.work)
        } body: { session, index in
            if index == clients { return try Self.claim(total, session, times) }
            return try enqueue(index, session, times)
        }
        guard try await database.ended("raw") == total else { throw BenchError("the raw client lost a task") }
        return times
    }

    private static func claim(_ total: Int, _ session: RawSession, _ times: TaskTimes) throws -> Int {
        try session.script("listen raw")
        var (tasks, attempts, count) = ("{}", "{}", 0)
        while true {
            let claimed = try session.run("w", ["1000", tasks, attempts])
            for row in 0..<claimed.count { times.start(Int64(claimed[row, 0]) ?? 0) }
            (tasks, attempts) = (claimed.arrayLiteral(0), claimed.arrayLiteral(1))
            count += claimed.count
            guard claimed.count == 0 else { continue }
            if count == total { return count }
            try session.waitForNotification()
        }
    }

    private func enqueue(_ client: Int, _ session: RawSession, _ times: TaskTimes) throws -> Int {
        let args = database.args(client).text
        for _ in 0..<Self.warmUp { _ = try session.run("e", [args]) }
        let start = ContinuousClock.now
        for index in 0..<count {
            if let moment = pace.moment(index, of: client, of: clients, since: start) {
                Self.sleep(moment - .now)
            }
            let begun = ContinuousClock.now
            let task = Int64(try session.run("e", [args])[0, 0]) ?? 0
            times.enqueue(task, begun: begun)
            guard let pause = pace.pause(index) else { continue }
            Self.sleep(pause)
            while !times.hasStarted(task) { Self.sleep(.milliseconds(1)) }
        }
        return count
    }

    private static func sleep(_ duration: Duration) {
        if duration > .zero { usleep(UInt32(duration.microseconds)) }
    }
}
