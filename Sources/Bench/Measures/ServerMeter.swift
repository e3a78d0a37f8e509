internal import Postgres

/// What the server has done so far; the difference of two readings is what lies between.
struct ServerReading: Sendable {
    /// The server's clock, in seconds.
    var time: Double
    /// Bytes of write-ahead log.
    var wal: Double
    /// Transactions that have written something.
    var commits: Double
    /// Statements that clients have sent; nil without `pg_stat_statements`.
    var statements: Double?
    /// Seconds of CPU of each client's server process; nil on another machine.
    var cpu: [Int32: Double]?

    /// Seconds of CPU of the clients that were still there at the end.
    func cpu(since start: ServerReading) -> Double? {
        guard let cpu, let before = start.cpu else { return nil }
        return cpu.reduce(0) { $0 + $1.value - (before[$1.key] ?? 0) }
    }
}

/// Reads the server's counters through a connection of its own, which does not count.
struct ServerMeter: Sendable {
    let connection: PostgresConnection
    let hasStatements: Bool
    /// Whether the server's processes are on this machine.
    let isLocal: Bool

    init(_ connection: PostgresConnection) async throws {
        self.connection = connection
        try? await connection.script("create extension if not exists pg_stat_statements")
        // It can be created where the server has not loaded it, and then not be read.
        hasStatements = (try? await connection.query("select 1 from pg_stat_statements limit 1")) != nil
        let row = try await connection.query("select inet_server_addr() is null, pg_backend_pid()").rows[0]
        let name = ProcessMeter.name(of: try row.int32(1))
        isLocal = try row.bool(0) && name == "postgres"
    }

    func read() async throws -> ServerReading {
        let statements =
            hasStatements
            ? "(select sum(calls)::float8 from pg_stat_statements s where s.dbid = (select oid from pg_database where datname = current_database()) and toplevel)"
            : "null::float8"
        let row = try await connection.query(
            """
            select extract(epoch from clock_timestamp())::float8, (pg_current_wal_insert_lsn() - '0/0')::float8,
                pg_snapshot_xmax(pg_current_snapshot())::text::float8, \(statements),
                array(select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
                    and backend_type = 'client backend')
            """
        ).rows[0]
        var cpu: [Int32: Double]?
        if isLocal {
            cpu = [:]
            for pid in try row.int32Array(4) { cpu?[pid] = ProcessMeter.cpu(of: pid) }
        }
        return ServerReading(
            time: try row.double(0), wal: try row.double(1), commits: try row.double(2),
            statements: try row.doubleOrNil(3), cpu: cpu)
    }
}
