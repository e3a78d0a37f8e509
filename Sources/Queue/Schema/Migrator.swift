public import Migrations
public import Postgres

/// Brings the schema up, takes it down, and says whether it fits this binary.
public struct Migrator: Sendable {
    /// The schema version that this binary works with.
    public static let target = Migration.all.count

    let pool: PostgresPool

    public init(_ pool: PostgresPool) {
        self.pool = pool
    }

    private static let bootstrap = """
        create schema if not exists agentcorp;
        create table if not exists agentcorp.migration (
            version int primary key, name text not null, applied_at timestamptz not null default now());
        """

    /// The whole schema as one SQL script, for those who apply it by other means.
    public static func script() -> String {
        let steps = Migration.all.map { "\($0.up)\n\(record($0))\n" }
        return "begin;\n\(bootstrap)\n\(steps.joined(separator: "\n"))\ncommit;\n"
    }

    private static func record(_ migration: Migration) -> String {
        "insert into agentcorp.migration (version, name) values (\(migration.version), '\(migration.name)');"
    }

    /// Applies the missing migrations up to a version, each in a transaction of its own; returns those applied.
    ///
    /// Several processes may call it at once: each migration is applied once.
    @discardableResult
    public func up(to target: Int = Migrator.target) async throws -> [Migration] {
        try await checkServer()
        var applied: [Migration] = []
        for migration in Migration.all where migration.version <= target {
            let isNew = try await pool.transaction { connection in
                try await self.lock(connection)
                try await connection.script(Self.bootstrap)
                let version = try await self.version(connection)
                try self.refuseNewer(version)
                guard migration.version > version else { return false }
                try await connection.script(migration.up, deadline: .seconds(600))
                try await connection.script(Self.record(migration))
                return true
            }
            if isNew { applied.append(migration) }
        }
        return applied
    }

    /// Takes migrations back until the schema is at a version, newest first; data in dropped tables is lost.
    @discardableResult
    public func down(to target: Int) async throws -> [Migration] {
        try await checkServer()
        var reverted: [Migration] = []
        for migration in Migration.all.reversed() where migration.version > target {
            let isApplied = try await pool.transaction { connection in
                try await self.lock(connection)
                let version = try await self.version(connection)
                try self.refuseNewer(version)
                guard migration.version == version else { return false }
                try await connection.script(migration.down, deadline: .seconds(600))
                _ = try await connection.query("delete from agentcorp.migration where version = $1", [Int32(version)])
                return true
            }
            if isApplied { reverted.append(migration) }
        }
        return reverted
    }

    /// Which migrations are applied, and when.
    public func status() async throws -> SchemaStatus {
        let applied = try await pool.withConnection { connection -> [Int: String] in
            guard try await self.version(connection) > 0 else { return [:] }
            let result = try await connection.query(
                """
                select version, to_char(applied_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') from agentcorp.migration
                """)
            return try result.rows.reduce(into: [:]) { $0[Int(try $1.int32(0))] = try $1.string(1) }
        }
        return SchemaStatus(
            steps: Migration.all.map { .init(version: $0.version, name: $0.name, appliedAt: applied[$0.version]) })
    }

    /// Refuses a server or a schema that this binary cannot work with; the error says what to run.
    public func check() async throws {
        try await checkServer()
        let version = try await pool.withConnection { try await self.version($0) }
        try refuseNewer(version)
        if version == 0 {
            throw QueueError(
                .schemaMismatch, "the database has no AgentCorp schema", hint: "Run: agentcorp migrate up")
        }
        if version < Self.target {
            throw QueueError(
                .schemaMismatch, "the schema is at version \(version), this agentcorp needs \(Self.target)",
                hint: "Run: agentcorp migrate up")
        }
    }

    private func checkServer() async throws {
        let row = try await pool.query(
            "select current_setting('server_version_num')::int, current_setting('server_version'), pg_is_in_recovery()"
        ).rows[0]
        guard try row.int32(0) >= 140_000 else {
            throw QueueError(
                .unsuitableServer, "the server runs PostgreSQL \(try row.string(1))",
                hint: "AgentCorp needs PostgreSQL 14 or newer.")
        }
        guard try !row.bool(2) else {
            throw QueueError(
                .unsuitableServer, "the server is a standby, which takes no writes",
                hint: "Connect to the primary, as with target_session_attrs=read-write.")
        }
    }

    private func refuseNewer(_ version: Int) throws {
        if version > Self.target {
            throw QueueError(
                .schemaMismatch,
                "the schema is at version \(version), this agentcorp knows versions up to \(Self.target)",
                hint: "Use a newer agentcorp.")
        }
    }

    /// An advisory lock, because before the first migration there is no row to lock.
    private func lock(_ connection: PostgresConnection) async throws {
        _ = try await connection.query("select pg_advisory_xact_lock(20262, 0)", [], deadline: .seconds(600))
    }

    private func version(_ connection: PostgresConnection) async throws -> Int {
        let exists = try await connection.query("select to_regclass('agentcorp.migration') is not null").rows[0].bool(0)
        guard exists else { return 0 }
        let result = try await connection.query("select coalesce(max(version), 0) from agentcorp.migration")
        return Int(try result.rows[0].int32(0))
    }
}
