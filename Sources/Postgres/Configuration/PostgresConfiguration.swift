/// How to reach a PostgreSQL server and how to treat its connections.
public struct PostgresConfiguration: Sendable {
    /// A libpq connection string or URI, with several hosts if you like; empty means the `PG*` environment.
    ///
    /// TLS is libpq's: `sslmode`, `sslrootcert` and so on. What the string says wins over the fields below.
    public var dsn: String
    /// Whether statements stay prepared on the connection.
    public var statements: StatementMode = .named
    /// How long one host may take to accept a connection; libpq counts in whole seconds and at least two.
    public var connectTimeout: Duration = .seconds(10)
    /// How long a statement may run unless its call says otherwise; nil means for ever.
    ///
    /// The client keeps the time and cancels the statement, which works through poolers too.
    public var statementTimeout: Duration? = .seconds(30)
    /// How long a cancelled statement may take to end; after that its connection is dropped.
    public var cancelTimeout: Duration = .seconds(10)
    /// How long a TCP connection is silent before it is probed.
    public var keepaliveIdle: Duration = .seconds(15)
    /// How long to wait between two probes.
    public var keepaliveInterval: Duration = .seconds(5)
    /// How many lost probes break the connection.
    public var keepaliveCount: Int = 3
    /// How long sent data may stay unacknowledged before the connection counts as broken.
    public var tcpUserTimeout: Duration = .seconds(30)
    /// The name in `pg_stat_activity`, unless the connection string or `PGAPPNAME` gives one.
    public var applicationName = "agentcorp"
    /// Server settings for each session, passed when it starts; leave empty behind PgBouncer, which refuses them.
    public var sessionParameters: [String: String] = [:]

    public init(dsn: String) {
        self.dsn = dsn
    }

    /// The connection string of another database on the same server.
    package func dsn(ofDatabase database: String) -> String {
        if dsn.hasPrefix("postgres:") || dsn.hasPrefix("postgresql:") {
            return dsn + (dsn.contains("?") ? "&" : "?") + "dbname=\(database)"
        }
        return dsn.contains("=") ? "\(dsn) dbname=\(database)" : "dbname=\(database)"
    }
}
