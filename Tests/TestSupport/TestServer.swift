internal import EmbeddedPostgres
internal import FoundationEssentials
internal import Glibc
internal import Logging
internal import Queue
internal import Synchronization

/// The one PostgreSQL server of a test process: started when the first test asks, gone when the process exits.
///
/// The environment variable `AGENTCORP_TEST_DSN` names another server to use instead; its user must be allowed to
/// create databases.
public actor TestServer {
    public static let shared = TestServer()

    private var server: Task<String, any Error>?
    private var template: Task<String, any Error>?
    private var count = 0

    /// How to connect to the server's maintenance database.
    public func dsn() async throws -> String {
        if let server { return try await server.value }
        let starting = Task { try await Self.start() }
        server = starting
        return try await starting.value
    }

    /// Makes an empty database.
    public func makeDatabase() async throws -> TestDatabase {
        try await create(from: "template0")
    }

    /// Makes a database with AgentCorp's schema: a copy of one that was migrated once.
    public func makeMigratedDatabase() async throws -> TestDatabase {
        let migrating = template ?? Task { try await self.makeTemplate() }
        template = migrating
        return try await create(from: try await migrating.value)
    }

    func drop(_ database: TestDatabase) async throws {
        _ = try await TestDatabase.psql(
            "drop database if exists \(database.name) with (force)", dsn: try await dsn())
    }

    private func create(from template: String) async throws -> TestDatabase {
        count += 1
        let name = "test_\(getpid())_\(count)"
        let dsn = try await dsn()
        _ = try await TestDatabase.psql("create database \(name) template \(template)", dsn: dsn)
        return TestDatabase(name: name, dsn: Self.naming(name, in: dsn))
    }

    private func makeTemplate() async throws -> String {
        let database = try await makeDatabase()
        try await database.withPool(size: 1) { pool in
            _ = try await Migrator(pool).up()
        }
        return database.name
    }

    private static func naming(_ database: String, in dsn: String) -> String {
        guard dsn.hasPrefix("postgres:") || dsn.hasPrefix("postgresql:") else { return "\(dsn) dbname=\(database)" }
        return dsn + (dsn.contains("?") ? "&" : "?") + "dbname=\(database)"
    }

    private static func start() async throws -> String {
        if let given = ProcessInfo.processInfo.environment["AGENTCORP_TEST_DSN"] { return given }
        removeLeftovers()
        let home = "\(prefix)\(getpid())"
        let server = try await EmbeddedPostgres.start(
            EmbeddedPostgresConfiguration(
                dataDirectory: home + "/data", socketDirectory: home + "/socket",
                // What a crash would lose, the next test run makes anew.
                settings: [
                    "fsync": "off", "full_page_writes": "off", "synchronous_commit": "on",
                    "max_connections": "300", "max_prepared_transactions": "10", "shared_buffers": "128MB", "log_min_messages": "warning",
                ],
                database: "postgres_tests"),
            logger: Logger(label: "test-server"))
        running.withLock { $0 = (server, home) }
        atexit {
            TestServer.running.withLock {
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
