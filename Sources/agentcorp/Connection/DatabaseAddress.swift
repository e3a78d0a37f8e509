import EmbeddedPostgres
import Logging
import Postgres

/// Which server to talk to, and who said so.
struct DatabaseAddress: Sendable {
    let dsn: String
    /// Where the address comes from, for messages.
    let origin: String
    /// Another way to the same server, for LISTEN.
    let directDSN: String?
    let isPooled: Bool

    /// For statements.
    var configuration: PostgresConfiguration {
        var configuration = PostgresConfiguration(dsn: dsn)
        if isPooled { configuration.statements = .unnamed }
        return configuration
    }

    /// For LISTEN; nil when notifications cannot get through, so that only polling is left.
    var listener: PostgresConfiguration? {
        if let directDSN { return PostgresConfiguration(dsn: directDSN) }
        return isPooled ? nil : configuration
    }

    /// The first place that names a database decides; a direct address must come from there or from an earlier one.
    static func resolve(_ options: ConnectionOptions, environment: [String: String]) throws -> DatabaseAddress {
        if let address = try named(options, environment: environment) { return address }
        return try embedded(
            environment: environment, binaries: try ConfigurationFile.read(environment: environment).binaries)
    }

    /// The same without looking for `agentcorp dev`; nil when nothing names a database.
    static func named(_ options: ConnectionOptions, environment: [String: String]) throws -> DatabaseAddress? {
        var direct = options.directDatabase
        var isPooled = options.pooler
        func address(_ dsn: String, _ origin: String) -> DatabaseAddress {
            DatabaseAddress(dsn: dsn, origin: origin, directDSN: direct, isPooled: isPooled || direct != nil)
        }
        if let dsn = options.database {
            guard !dsn.isEmpty else {
                throw CommandError(.badInput, "--database is empty. Give it a connection string.")
            }
            return address(dsn, "--database")
        }
        direct = direct ?? environment.nonEmpty("AGENTCORP_DIRECT_DATABASE")
        if let value = environment.nonEmpty("AGENTCORP_POOLER") {
            isPooled = try isPooled || ConfigurationFile.truth(value, of: "AGENTCORP_POOLER")
        }
        if let dsn = environment.nonEmpty("AGENTCORP_DATABASE") { return address(dsn, "AGENTCORP_DATABASE") }
        if let variable = Self.libpqVariables.first(where: { environment.nonEmpty($0) != nil }) {
            return address("", variable)
        }
        let file = try ConfigurationFile.read(environment: environment)
        direct = direct ?? file.directDatabase
        isPooled = isPooled || file.isPooled
        return file.database.map { address($0, file.path) }
    }

    /// Any of them says that libpq's own environment is meant. `PGUSER` and `PGPASSWORD` alone name no server.
    private static let libpqVariables = ["PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGSERVICE"]

    private static func embedded(environment: [String: String], binaries: String?) throws -> DatabaseAddress {
        let missing = CommandError(
            .cannotConnect,
            """
            no database is named, and no `agentcorp dev` runs. \
            Start one with `agentcorp dev`, or name a database with --database or AGENTCORP_DATABASE.
            """)
        guard
            let directory = try? EmbeddedPostgresConfiguration.defaultDataDirectory(
                environment: environment, binaries: environment.nonEmpty("AGENTCORP_PG_BIN") ?? binaries),
            let server = EmbeddedPostgres.attach(dataDirectory: directory)
        else { throw missing }
        return DatabaseAddress(dsn: server.dsn, origin: "`agentcorp dev`", directDSN: nil, isPooled: false)
    }

    /// Lends a pool, and says which server it was when there is no connection to be had.
    func withPool<Result>(
        size: Int = 1, statements: StatementMode? = nil, logger: Logger = .silent,
        _ body: (PostgresPool) async throws -> Result
    ) async throws -> Result {
        var configuration = configuration
        if let statements { configuration.statements = statements }
        do {
            return try await PostgresPool.withPool(configuration, size: size, logger: logger, body)
        } catch {
            throw explained(error)
        }
    }

    /// A failure to connect, with the address and where it comes from.
    func explained(_ error: any Error) -> any Error {
        guard let error = error as? PostgresError, error.code == .connectionFailed else { return error }
        let reason = error.message.split(whereSeparator: \.isNewline)
            .map { $0.trimmingPrefix { $0 == " " || $0 == "\t" } }
            .joined(separator: "\n  ")
        return CommandError(
            .cannotConnect,
            """
            cannot connect to \(configuration) (from \(origin)):
              \(reason)
            Check that the server runs and that the address is right.
            """)
    }
}

extension Logger {
    /// For commands that tell everything by their result.
    static let silent = Logger(label: "agentcorp") { _ in SwiftLogNoOpLogHandler() }
}

extension [String: String] {
    /// A variable that is set to something: an empty one counts as not set.
    func nonEmpty(_ name: String) -> String? { self[name].flatMap { $0.isEmpty ? nil : $0 } }
}
