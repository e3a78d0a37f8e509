public import Logging

extension PostgresPool {
    /// Lends a pool to `body` and shuts it down afterwards, however `body` ends.
    public static func withPool<Result>(
        _ configuration: PostgresConfiguration, size: Int, leaseTimeout: Duration = .seconds(30),
        logger: Logger = Logger(label: "agentcorp.postgres"), _ body: (PostgresPool) async throws -> Result
    ) async throws -> Result {
        let pool = PostgresPool(configuration, size: size, leaseTimeout: leaseTimeout, logger: logger)
        do {
            let result = try await body(pool)
            await pool.shutdown()
            return result
        } catch {
            await pool.shutdown()
            throw error
        }
    }
}
