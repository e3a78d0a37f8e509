import Logging
import Postgres
import Queue
import TestSupport
import Worker

/// Runs a worker for the time of a test, and shuts it down gracefully afterwards.
func withWorker<Result>(
    lanes: [WorkerConfiguration.Lane] = [.init("default", concurrency: 10)],
    register: (HandlerRegistry) -> Void = { _ in },
    configure: (inout WorkerConfiguration) -> Void = { _ in },
    _ body: (PostgresPool, TaskManager) async throws -> Result
) async throws -> Result {
    let dsn = TestDatabase.current.dsn
    return try await TestDatabase.current.withPool(size: 20) { pool in
        var configuration = WorkerConfiguration()
        configuration.lanes = lanes
        configuration.beat = .milliseconds(50)
        configuration.listener = PostgresConfiguration(dsn: dsn)
        configuration.shutdownGrace = .seconds(2)
        configure(&configuration)
        let handlers = HandlerRegistry()
        handlers.register("noop") { _ in .completed(nil) }
        register(handlers)
        let worker = Worker(pool: pool, handlers: handlers, configuration: configuration, logger: .silent)
        return try await withServices([worker]) { try await body(pool, TaskManager(pool)) }
    }
}

extension TaskManager {
    /// The state of a task, read back.
    func state(_ task: Int64) async throws -> String {
        try await describe(task)["state"]?.string ?? "?"
    }

    /// Waits until a task has ended, and returns how.
    @discardableResult
    func end(of task: Int64) async throws -> String {
        var state = ""
        try await waitUntil("task \(task) to end") {
            state = try await self.state(task)
            return ["completed", "failed", "cancelled", "skipped"].contains(state)
        }
        return state
    }
}
