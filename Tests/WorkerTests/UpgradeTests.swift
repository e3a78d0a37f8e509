import Logging
import Postgres
import Queue
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing
import Worker

@Suite struct UpgradeTests {
    /// The oldest schema that has all functions that a worker calls.
    private static let oldest = 12

    @Test(
        "the schema is brought up to date while four workers drain: no error, and every task runs once",
        .database, .timeLimit(.minutes(30)))
    func drainingThroughMigrations() async throws {
        try await TestDatabase.current.withPool(size: 40) { pool in
            try await Migrator(pool).up(to: Self.oldest)
            let runs = Mutex<[Int64: Int]>([:])
            let complaints = Mutex<[String]>([])
            let logger = Logger(label: "test") { _ in ComplaintLog { line in complaints.withLock { $0.append(line) } } }
            let handlers = HandlerRegistry()
            handlers.register("noop") { task in
                runs.withLock { $0[task.task.id, default: 0] += 1 }
                return .completed(nil)
            }
            var configuration = WorkerConfiguration()
            configuration.listener = PostgresConfiguration(dsn: TestDatabase.current.dsn)
            configuration.beat = .milliseconds(50)
            let workers = (1...4).map { _ in
                Worker(pool: pool, handlers: handlers, configuration: configuration, logger: logger)
            }
            let group = ServiceGroup(
                configuration: .init(services: workers.map { .init(service: $0) }, logger: Logger(label: "group")))
            let running = Task { try await group.run() }
            let isMigrated = Flag()
            let manager = TaskManager(pool)
            async let added = Self.feed(manager, until: isMigrated) { runs.withLock { $0.count } }
            try await waitUntil("the drain to begin") { runs.withLock { $0.count > 100 } }
            let applied = try await Migrator(pool).up()
            isMigrated.value.store(true, ordering: .releasing)
            let tasks = try await added
            try await waitUntil("all tasks to run") { runs.withLock { $0.count >= tasks } }
            await group.triggerGracefulShutdown()
            try await running.value
            #expect(applied.count == Migrator.target - Self.oldest)
            #expect(runs.withLock { $0.count } == tasks)
            #expect(runs.withLock { $0.values.allSatisfy { $0 == 1 } })
            #expect(complaints.withLock { $0 }.isEmpty, "\(complaints.withLock { $0 })")
            let completed = try await pool.query(
                "select count(*) from agentcorp.attempt where outcome = 1 and attempt = 1")
            #expect(try completed.rows[0].int64(0) == Int64(tasks))
        }
    }

    /// Adds tasks until told to stop, and then some more, a little ahead of those that have run; returns how many.
    private static func feed(
        _ manager: TaskManager, until isMigrated: Flag, ran: @Sendable () -> Int
    ) async throws -> Int {
        var count = 0
        var rest = 5
        while rest > 0 {
            if isMigrated.value.load(ordering: .acquiring) { rest -= 1 }
            for _ in 0..<20 { try await manager.enqueue(TaskRequest("noop")) }
            count += 20
            try await waitUntil("the workers to keep up", timeout: .seconds(120)) { ran() >= count - 300 }
        }
        return count
    }
}

private final class Flag: Sendable {
    let value = Atomic(false)
}

/// Passes on what is a warning or worse.
private struct ComplaintLog: LogHandler {
    let receive: @Sendable (String) -> Void
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.warning

    init(_ receive: @escaping @Sendable (String) -> Void) { self.receive = receive }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { receive("\(event.level): \(event.message) \(event.metadata ?? [:])") }
}
