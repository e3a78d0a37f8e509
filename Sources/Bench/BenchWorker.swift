internal import Logging
internal import Postgres
internal import Queue
internal import Worker

extension BenchDatabase {
    /// Serves queues by a worker in this process while `body` runs, as it is out of the box.
    ///
    /// It shares no connection with whoever measures.
    func withWorker<Result>(
        _ queues: [String], _ handlers: HandlerRegistry, _ body: () async throws -> Result
    ) async throws -> Result {
        let address = PostgresConfiguration(dsn: dsn)
        return try await PostgresPool.withPool(address, size: queues.count + 6, logger: .silent) { pool in
            var configuration = WorkerConfiguration()
            configuration.lanes = queues.map { WorkerConfiguration.Lane($0) }
            configuration.listener = address
            let worker = Worker(pool: pool, handlers: handlers, configuration: configuration, logger: .silent)
            let before = try await manager.workers().count
            let run = Task { try await worker.run() }
            do {
                try await until(within: .seconds(30)) { try await manager.workers().count > before }
                let result = try await body()
                run.cancel()
                try await run.value
                return result
            } catch {
                run.cancel()
                _ = await run.result
                throw error
            }
        }
    }
}
