import FoundationEssentials

/// Where a private server keeps its data, and how it runs.
public struct EmbeddedPostgresConfiguration: Sendable {
    /// The directory that holds the data; created when it is missing. Made absolute on start.
    public var dataDirectory: String
    /// The directory of the server's Unix socket; nil means a short private one, the same for every start of
    /// this data directory. The socket's path must stay within 107 bytes.
    public var socketDirectory: String?
    /// `postgresql.conf` settings that override the defaults; values are written quoted.
    public var settings: [String: String]
    /// The directory of the server's programs; nil means the newest installed version that fits the data.
    public var binaries: String?
    /// How long a start may take, from the first look at the data directory to a server that accepts connections.
    public var startTimeout: Duration
    /// The database that is created together with the data directory.
    public var database: String

    /// Describes a server; only the data directory has no default.
    public init(
        dataDirectory: String, socketDirectory: String? = nil, settings: [String: String] = [:],
        binaries: String? = nil, startTimeout: Duration = .seconds(60), database: String = "agentcorp"
    ) {
        self.dataDirectory = dataDirectory
        self.socketDirectory = socketDirectory
        self.settings = settings
        self.binaries = binaries
        self.startTimeout = startTimeout
        self.database = database
    }

    /// The data directory to use when nobody names one: `$XDG_DATA_HOME/agentcorp/pg/<major>`, by default under
    /// `~/.local/share`.
    ///
    /// The major version is that of the newest installed server whose data is already there, else simply the
    /// newest, so a second PostgreSQL on the machine does not hide existing data. For root the answer is
    /// `/var/lib/agentcorp/pg/<major>` unless `XDG_DATA_HOME` says otherwise: PostgreSQL refuses to run as root,
    /// and the account it runs as instead cannot enter root's home.
    ///
    /// - Throws: ``EmbeddedPostgresError`` when no server is installed.
    public static func defaultDataDirectory(
        environment: [String: String], binaries: String? = nil
    ) throws -> String {
        let parent = dataHome(environment) + "/agentcorp/pg/"
        let majors = try ServerBinaries.all(named: binaries, environment: environment).map(\.major)
        let used = majors.first { FileManager.default.fileExists(atPath: "\(parent)\($0)/PG_VERSION") }
        return "\(parent)\(used ?? majors[0])"
    }

    /// Whether the installed server can load a library such as `pg_stat_statements`.
    package static func offers(library: String, binaries: String? = nil) -> Bool {
        let environment = ProcessInfo.processInfo.environment
        guard let server = try? ServerBinaries.all(named: binaries, environment: environment).first else {
            return false
        }
        return FileManager.default.fileExists(atPath: server.directory + "/../lib/\(library).so")
    }

    private static func dataHome(_ environment: [String: String]) -> String {
        if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") { return data }
        if ServiceAccount.isNeeded { return "/var/lib" }
        let home =
            environment["HOME"].flatMap { $0.isEmpty ? nil : $0 }
            ?? FileManager.default.homeDirectoryForCurrentUser.path
        return home + "/.local/share"
    }

    /// Settings for a server that one machine's worth of workers uses: durable, and tuned modestly.
    ///
    /// A commit is on disk before it is acknowledged. `wal_compression` and the wider checkpoints cut the
    /// writing that insert/delete queues cause; `max_connections` leaves room for many worker processes.
    static let defaultSettings: [String: String] = [
        "max_connections": "200",
        "shared_buffers": "256MB",
        "max_wal_size": "2GB",
        "min_wal_size": "160MB",
        "wal_compression": "on",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        "random_page_cost": "1.1",
        "jit": "off",
        "autovacuum_naptime": "5s",
        "log_checkpoints": "off",
        "log_line_prefix": "%m [%p] %q%a ",
    ]
}
