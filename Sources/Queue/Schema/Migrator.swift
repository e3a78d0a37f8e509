public import Migrations
public import Postgres

/// Brings the schema up, takes it down, and says whether it fits this binary.
public struct Migrator: Sendable {
    /// The schema version that this binary was made with. It also works with the next one.
    public static let target = Migration.all.count

    /// How long a migration waits for one lock before it lets those pass that have queued up behind it.
    private static let lockWait = Duration.milliseconds(300)

    private let pool: PostgresPool
    /// In order, from version 1.
    private let migrations: [Migration]
    /// How long to go on trying when somebody else holds a lock.
    private let patience: Duration
    private let report: @Sendable (String) -> Void

    /// - Parameters:
    ///   - patience: How long to go on trying when somebody else holds a lock.
    ///   - report: Is told, in a sentence, who holds a lock that a migration waits for.
    public init(
        _ pool: PostgresPool, patience: Duration = .seconds(600),
        report: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.init(pool, migrations: Migration.all, patience: patience, report: report)
    }

    /// With other migrations than this binary's, as another release would have them.
    package init(
        _ pool: PostgresPool, migrations: [Migration], patience: Duration = .seconds(600),
        report: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.pool = pool
        self.migrations = migrations
        self.patience = patience
        self.report = report
    }

    private static let bootstrap = """
        create schema if not exists agentcorp;
        create table if not exists agentcorp.migration (
            version int primary key, name text not null, applied_at timestamptz not null default now());
        alter table agentcorp.migration add column if not exists checksum text;
        """

    private static let recordCatalogue = """
        do $$ begin
            if to_regprocedure('agentcorp.record_catalogue()') is not null then
                perform agentcorp.record_catalogue();
            end if;
        end $$;
        """

    /// The whole schema as one SQL script, for those who apply it by other means.
    public static func script() -> String {
        let steps = Migration.all.map { "\($0.up)\n\(record($0))\n" }
        return "begin;\n\(bootstrap)\n\(steps.joined(separator: "\n"))\n\(recordCatalogue)\ncommit;\n"
    }

    private static func record(_ migration: Migration) -> String {
        """
        insert into agentcorp.migration (version, name, checksum) \
        values (\(migration.version), '\(migration.name)', '\(migration.checksum)');
        """
    }

    /// Applies the missing migrations up to a version, the newest by default, each in a transaction of its own; returns those applied.
    ///
    /// Several processes may call it at once: each migration is applied once. Workers may go on meanwhile: a migration
    /// that cannot have a lock at once steps back and tries again.
    @discardableResult
    public func up(to target: Int? = nil) async throws -> [Migration] {
        try await checkServer()
        var applied: [Migration] = []
        for migration in migrations where migration.version <= target ?? migrations.count {
            let isNew = try await change(migration) { connection, status in
                guard status.steps[migration.version - 1].state == .pending else { return false }
                if status.version == 0 { try await connection.script(Self.bootstrap) }
                try await connection.script(migration.up, deadline: .seconds(600))
                try await connection.script(Self.record(migration) + Self.recordCatalogue)
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
        for migration in migrations.reversed() where migration.version > target {
            let isApplied = try await change(migration) { connection, status in
                guard migration.version == status.version else { return false }
                try await connection.script(migration.down, deadline: .seconds(600))
                _ = try await connection.query(
                    "delete from agentcorp.migration where version = $1", [Int32(migration.version)])
                try await connection.script(Self.recordCatalogue)
                return true
            }
            if isApplied { reverted.append(migration) }
        }
        return reverted
    }

    /// Which migrations are applied, and when.
    public func status() async throws -> SchemaStatus {
        try await pool.withConnection { try await self.status($0) }
    }

    /// Refuses a server or a schema that this binary cannot work with; the error says what to run.
    @discardableResult
    public func check() async throws -> SchemaStatus {
        try await checkServer()
        let status = try await status()
        if let obstacle = status.obstacle { throw obstacle }
        return status
    }

    /// One step in a transaction, again and again while others hold a lock that it needs. Whoever waits for a lock on a
    /// whole table holds up all who come later, so the wait is short and the pauses are longer.
    private func change(
        _ migration: Migration, _ step: (PostgresConnection, SchemaStatus) async throws -> Bool
    ) async throws -> Bool {
        let deadline = ContinuousClock.now + patience
        var pause = Duration.milliseconds(500)
        while true {
            do {
                return try await pool.transaction { connection in
                    try await self.lock(connection)
                    _ = try await connection.query(
                        "select set_config('lock_timeout', $1, true)", ["\(Self.lockWait / .milliseconds(1))ms"])
                    let status = try await self.status(connection)
                    if let obstacle = status.obstacleToMigrating { throw obstacle }
                    return try await step(connection, status)
                }
            } catch let error as PostgresError where error.sqlState == "55P03" {
                let holder = try await lockHolder()
                let sentence =
                    "migration \(migration.version) (\(migration.name)) waits for a lock of \(holder)"
                guard ContinuousClock.now + pause < deadline else {
                    throw QueueError(
                        .wrongState, sentence,
                        hint: "End that transaction, or try again when it has ended; this migration changed nothing.")
                }
                report(sentence)
                try await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(5))
            }
        }
    }

    /// Whose transaction is the oldest of those that hold locks on the schema's tables.
    private func lockHolder() async throws -> String {
        let result = try await pool.query(
            """
            select format('process %s (%s, for %s s): %s', a.pid, concat_ws(', ', a.usename, nullif(a.application_name, '')),
                round(extract(epoch from clock_timestamp() - a.xact_start)), left(regexp_replace(a.query, '\\s+', ' ', 'g'), 80))
            from pg_stat_activity a where a.datname = current_database() and a.pid <> pg_backend_pid() and exists (
                select from pg_locks l join pg_class c on c.oid = l.relation
                where l.pid = a.pid and l.granted and c.relnamespace = 'agentcorp'::regnamespace)
            order by a.xact_start limit 1
            """)
        return try result.rows.first?.string(0) ?? "another session"
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

    /// An advisory lock, because before the first migration there is no row to lock.
    private func lock(_ connection: PostgresConnection) async throws {
        _ = try await connection.query("select pg_advisory_xact_lock(20262, 0)", [], deadline: .seconds(600))
    }

    private func status(_ connection: PostgresConnection) async throws -> SchemaStatus {
        let exists = try await connection.query("select to_regclass('agentcorp.migration') is not null").rows[0].bool(0)
        guard exists else { return SchemaStatus([], migrations) }
        // Tables of development versions have no column for the checksum.
        let result = try await connection.query(
            """
            select m.version, m.name, to_char(m.applied_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), to_jsonb(m) ->> 'checksum'
            from agentcorp.migration m
            """)
        return SchemaStatus(
            try result.rows.map { row throws in
                SchemaStatus.Record(
                    version: Int(try row.int32(0)), name: try row.string(1), appliedAt: try row.string(2),
                    checksum: try row.stringOrNil(3))
            }, migrations)
    }
}
