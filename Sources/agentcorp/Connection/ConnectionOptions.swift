import ArgumentParser
import FoundationEssentials
import Logging
import Postgres
import Queue

/// The options of every command that talks to a database.
struct ConnectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Connect to this server: a libpq connection string or URI.", valueName: "dsn"))
    var database: String?

    @Option(
        help: ArgumentHelp(
            "The server's own address, used for LISTEN, when --database is a transaction pooler's.", valueName: "dsn"))
    var directDatabase: String?

    @Flag(help: "The database is behind a pooler in transaction mode: leave no prepared statements, do not LISTEN.")
    var pooler = false

    /// Where to connect, by flags, environment, configuration file, or `agentcorp dev`.
    func resolve() throws -> DatabaseAddress {
        try DatabaseAddress.resolve(self, environment: ProcessInfo.processInfo.environment)
    }

    /// Connects for the length of one command, after a look at whether the schema fits.
    func withManager<Result>(
        cipher: (any PayloadCipher)? = nil, _ body: (TaskManager) async throws -> Result
    ) async throws -> Result {
        try await resolve().withPool { pool in
            try await Migrator(pool).check()
            return try await body(TaskManager(pool, cipher: cipher))
        }
    }
}
