internal import FoundationEssentials
internal import Glibc
public import Postgres

/// A PgBouncer in transaction mode before the test's database.
public struct PgBouncer {
    /// How to connect to it, with unnamed statements.
    public let configuration: PostgresConfiguration

    public static var isInstalled: Bool { access("/usr/sbin/pgbouncer", X_OK) == 0 }

    /// Runs a test through a PgBouncer that has `poolSize` connections to the server.
    public static func use(poolSize: Int, _ body: (PgBouncer) async throws -> Void) async throws {
        let directory = "/tmp/agentcorp-bouncer-\(getpid())-\(UInt32.random(in: 0..<1_000_000))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        if getuid() == 0, let account = getpwnam("postgres") {
            chown(directory, account.pointee.pw_uid, account.pointee.pw_gid)
        }
        let place = try await TestDatabase.current.psql(
            """
            select split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'),
                current_user, current_database()
            """
        ).split(separator: "|")
        let settings = """
            [databases]
            direct = host=\(place[0]) port=\(place[1]) user=\(place[2]) dbname=\(place[3])
            [pgbouncer]
            listen_addr =
            unix_socket_dir = \(directory)
            auth_type = any
            pool_mode = transaction
            default_pool_size = \(poolSize)
            """
        let file = directory + "/pgbouncer.ini"
        try Data(settings.utf8).write(to: URL(filePath: file))
        let account = getuid() == 0 ? ["-u", "postgres"] : []
        let process = try TestProcess.start("/usr/sbin/pgbouncer", account + ["-q", file])
        defer { process.signal(SIGKILL) }
        var configuration = PostgresConfiguration(dsn: "host=\(directory) port=6432 user=x dbname=direct")
        configuration.statements = .unnamed
        let connectable = configuration
        try await waitUntil("PgBouncer to start") {
            guard process.isRunning else { throw TestSupportError("pgbouncer: \(process.errors)") }
            guard let connection = try? await PostgresConnection.connect(connectable) else { return false }
            let answers = (try? await connection.query("SELECT 1")) != nil
            await connection.close()
            return answers
        }
        try await body(PgBouncer(configuration: configuration))
    }
}
