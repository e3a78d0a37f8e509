internal import Logging
public import Postgres
public import Queue
public import Worker

/// A queue of a test's own, on a real database: what the code under test adds is looked at, run at once, or run to the
/// end, and time passes when the test says so.
///
/// Nothing runs between the calls: no worker, no coordinator.
public struct TestQueue: Sendable {
    /// How to connect to the database, for the code under test: a libpq connection string.
    public let dsn: String
    public let pool: PostgresPool
    /// What the code under test adds tasks with.
    public let manager: TaskManager
    /// The handlers that ``run(_:)`` and ``drain(concurrency:timeout:)`` call.
    public let handlers: HandlerRegistry
    public let clock: TestClock

    /// Lends a queue with a database of its own, which is gone afterwards.
    ///
    /// - Parameter handlers: Shared by all tests if they are; register what only one test needs on the queue's.
    public static func withQueue<Result>(
        on server: TestingServer = .shared, handlers: HandlerRegistry = HandlerRegistry(),
        _ body: (TestQueue) async throws -> Result
    ) async throws -> Result {
        let database = try await server.makeMigratedDatabase()
        do {
            let result = try await PostgresPool.withPool(PostgresConfiguration(dsn: database.dsn), size: 8) { pool in
                let queue = TestQueue(
                    dsn: database.dsn, pool: pool, manager: TaskManager(pool), handlers: handlers,
                    clock: TestClock(pool: pool))
                try await queue.clock.install()
                return try await body(queue)
            }
            try await server.drop(database)
            return result
        } catch {
            try? await server.drop(database)
            throw error
        }
    }

    /// All tasks that were ever added, oldest first: those that wait as well as those that have ended.
    public func enqueued(
        kind: String? = nil, queue: String? = nil, tag: String? = nil, state: TaskState? = nil
    ) async throws -> [EnqueuedTask] {
        let result = try await pool.query(
            """
            select coalesce(jsonb_agg(to_jsonb(t) order by t.id), '[]') from agentcorp.tasks t
            where ($1 is null or t.kind = $1) and ($2 is null or t.queue = $2) and ($3 is null or $3 = any (t.tags))
                and ($4 is null or t.state = $4)
            """, [kind, queue, tag, state?.rawValue])
        return try JSONCoding.decode(try result.rows[0].bytes(0))
    }

    /// How a task stands.
    public func outcome(of task: Int64) async throws -> TaskOutcome {
        let result = try await pool.query("select to_jsonb(r) from agentcorp.result_of($1) r", [task])
        return try JSONCoding.decode(try result.rows[0].bytes(0))
    }

    /// Adds a task and runs it here and now, together with whatever else is due.
    ///
    /// A failure is no error of this call: see the outcome. With attempts left, the task is scheduled then.
    public func run(_ task: TaskRequest) async throws -> TaskOutcome {
        let id = try await manager.enqueue(task)
        _ = try await drain()
        return try await outcome(of: id)
    }
}
