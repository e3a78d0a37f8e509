internal import AgentCorpTesting
public import Postgres

/// A database of a test's own.
public struct TestDatabase: Sendable {
    public let name: String
    /// How to connect to it: a libpq connection string.
    public let dsn: String

    public init(name: String, dsn: String) {
        self.name = name
        self.dsn = dsn
    }

    /// Makes one on the server of the test process, for tests that need more than the trait gives them; they drop it.
    public static func make(isMigrated: Bool = false) async throws -> TestDatabase {
        let server = TestingServer.shared
        let made = isMigrated ? try await server.makeMigratedDatabase() : try await server.makeDatabase()
        return TestDatabase(name: made.name, dsn: made.dsn)
    }

    /// The database of the running suite or test; needs the trait `.database` or `.migratedDatabase`.
    public static var current: TestDatabase {
        guard let database = scoped else {
            preconditionFailure("add the trait .database or .migratedDatabase to the suite or test")
        }
        return database
    }

    @TaskLocal static var scoped: TestDatabase?

    /// How another role connects to it.
    public func dsn(user: String) -> String {
        dsn.contains("://") ? "\(dsn)&user=\(user)" : "\(dsn) user=\(user)"
    }

    /// Runs SQL by `psql` and returns what it printed: a line per row, columns separated by `|`.
    ///
    /// Each statement is its own transaction; the first error ends the run.
    ///
    /// - Throws: ``TestSupportError`` with what psql said.
    @discardableResult
    public func psql(_ sql: String) async throws -> String {
        try await Self.psql(sql, dsn: dsn)
    }

    /// Lends a pool of connections to it, and closes the pool afterwards.
    @discardableResult
    public func withPool<Result>(
        size: Int = 4, _ body: (PostgresPool) async throws -> Result
    ) async throws -> Result {
        try await PostgresPool.withPool(PostgresConfiguration(dsn: dsn), size: size, body)
    }

    /// Sets the engine's clock forward, for all connections that are opened from now on.
    public func shiftClock(_ offset: String) async throws {
        try await psql("alter database \"\(name)\" set agentcorp.clock_offset = '\(offset)'")
    }

    /// Removes it, and ends whatever is still connected.
    public func drop() async throws {
        try await TestingServer.shared.drop(TestingDatabase(name: name, dsn: dsn))
    }

    static func psql(_ sql: String, dsn: String) async throws -> String {
        let arguments = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", dsn, "-f", "-"]
        let result = try await TestProcess.run(
            "psql", arguments, environment: ["PGOPTIONS": "-c client_min_messages=warning"], input: sql)
        guard result.status == 0 else { throw TestSupportError("psql: \(result.errors)") }
        return result.output.last == "\n" ? String(result.output.dropLast()) : result.output
    }
}
