import Logging
import Postgres
import TestSupport

extension PostgresConfiguration {
    /// The database of the running suite.
    static var test: PostgresConfiguration { PostgresConfiguration(dsn: TestDatabase.current.dsn) }
}

/// Lends a connection to the suite's database and closes it afterwards.
func withConnection<Result>(
    _ configuration: PostgresConfiguration = .test, _ body: (PostgresConnection) async throws -> Result
) async throws -> Result {
    let connection = try await PostgresConnection.connect(configuration)
    do {
        let result = try await body(connection)
        await connection.close()
        return result
    } catch {
        await connection.close()
        throw error
    }
}

/// Lends a pool to the suite's database and shuts it down afterwards.
func withPool<Result>(
    _ configuration: PostgresConfiguration = .test, size: Int, leaseTimeout: Duration = .seconds(30),
    _ body: (PostgresPool) async throws -> Result
) async throws -> Result {
    try await PostgresPool.withPool(configuration, size: size, leaseTimeout: leaseTimeout, body)
}

/// The error that a call must throw.
func postgresError(_ body: () async throws -> Void) async throws -> PostgresError {
    do {
        try await body()
    } catch let error as PostgresError {
        return error
    }
    throw TestSupportError("expected a PostgresError")
}

extension PostgresConnection {
    func processID() async throws -> Int32 { try await query("SELECT pg_backend_pid()").rows[0].int32(0) }

    func number(_ sql: String, _ parameters: [any PostgresEncodable] = []) async throws -> Int64 {
        try await query(sql, parameters).rows[0].int64(0)
    }
}

/// Whether a statement that contains `text` is running, asked over `connection`.
func isRunning(_ text: String, askedOver connection: PostgresConnection) async throws -> Bool {
    try await connection.number(
        """
        SELECT count(*) FROM pg_stat_activity
        WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%' || $1 || '%'
        """, [text]) > 0
}
