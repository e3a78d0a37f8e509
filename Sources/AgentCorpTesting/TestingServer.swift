internal import EmbeddedPostgres
internal import FoundationEssentials
internal import Logging
internal import Postgres
internal import Queue
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A PostgreSQL server on which each test gets a database of its own: a copy of one that was migrated once.
///
/// The one that is `shared` is started when the first test asks, and is gone when the process exits.
public actor TestingServer {
    /// The server of this process, or the one that the environment variable `AGENTCORP_TEST_DSN` names. Its user must
    /// be allowed to create databases, and roles if they are missing.
    public static let shared = TestingServer(dsn: ProcessInfo.processInfo.environment["AGENTCORP_TEST_DSN"])

    private let given: String?
    private var server: Task<String, any Error>?
    private var template: Task<String, any Error>?
    private var count = 0
    private static let servers = Mutex(0)
    private let number = servers.withLock { servers in
        servers += 1
        return servers
    }

    /// - Parameter dsn: A server to use; nil starts one.
    public init(dsn: String?) {
        given = dsn
    }

    /// How to connect to the server's maintenance database.
    public func dsn() async throws -> String {
        if let server { return try await server.value }
        let starting = Task { [given] in
            if let given { return given }
            return try await Self.start()
        }
        server = starting
        return try await starting.value
    }

    /// Makes an empty database.
    public func makeDatabase() async throws -> TestingDatabase {
        try await create(from: "template0")
    }

    /// Makes a database with AgentCorp's schema.
    public func makeMigratedDatabase() async throws -> TestingDatabase {
        let migrating = template ?? Task { try await self.makeTemplate() }
        template = migrating
        return try await create(from: try await migrating.value)
    }

    /// Removes a database, and ends whatever is still connected to it.
    public func drop(_ database: TestingDatabase) async throws {
        try await run("drop database if exists \(database.name) with (force)")
    }

    private func create(from template: String) async throws -> TestingDatabase {
        count += 1
        let name = "test_\(getpid())_\(number)_\(count)"
        try await run("create database \(name) template \(template)")
        return TestingDatabase(name: name, dsn: PostgresConfiguration(dsn: try await dsn()).dsn(ofDatabase: name))
    }

    private func makeTemplate() async throws -> String {
        let database = try await makeDatabase()
        try await PostgresPool.withPool(PostgresConfiguration(dsn: database.dsn), size: 1) { pool in
            _ = try await Migrator(pool).up()
        }
        return database.name
    }

    private func run(_ sql: String) async throws {
        let connection = try await PostgresConnection.connect(PostgresConfiguration(dsn: try await dsn()))
        do {
            try await connection.script(sql, deadline: .seconds(120))
            await connection.close()
        } catch {
            await connection.close()
            throw error
        }
    }

    private static func start() async throws -> String {
        removeLeftovers()
        let home = "\(prefix)\(getpid())"
        let server = try await EmbeddedPostgres.start(
            EmbeddedPostgresConfiguration(
                dataDirectory: home + "/data", socketDirectory: home + "/socket",
                // What a crash would lose, the next test run makes anew.
                settings: [
                    "fsync": "off", "full_page_writes": "off", "synchronous_commit": "on",
                    "max_connections": "300", "max_prepared_transactions": "10", "shared_buffers": "128MB",
                    "log_min_messages": "warning",
                ],
                database: "postgres_tests"),
            logger: Logger(label: "test-server"))
        running.withLock { $0 = (server, home) }
        atexit {
            TestingServer.running.withLock {
                guard let (server, home) = $0 else { return }
                server.stopBlocking()
                try? FileManager.default.removeItem(atPath: home)
            }
        }
        return server.dsn
    }

    private static let running = Mutex<(EmbeddedPostgres, String)?>(nil)
    private static let prefix = "/tmp/agentcorp-tests-"

    /// A test process that was killed has left its directory.
    private static func removeLeftovers() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? [] {
            let path = "/tmp/\(name)"
            guard path.hasPrefix(prefix), let pid = pid_t(path.dropFirst(prefix.count)), kill(pid, 0) != 0,
                errno == ESRCH
            else { continue }
            try? FileManager.default.removeItem(atPath: path)
        }
    }
}
