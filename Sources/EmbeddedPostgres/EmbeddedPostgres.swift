internal import FoundationEssentials
internal import Glibc
public import Logging
internal import Synchronization

/// A PostgreSQL server of one's own, on a Unix socket that only this user can reach.
///
/// The process that starts it supervises it: it starts the server again when it ends unasked, and the kernel stops
/// the server when that process ends in whatever way, `kill -9` included. Further processes that start a server on
/// the same data directory attach to the running one.
public final class EmbeddedPostgres: Sendable {
    /// How to connect: a libpq connection string.
    public let dsn: String
    /// Whether this process supervises the server, and so whether `stop` stops it.
    public let isOwned: Bool

    static let user = "agentcorp"
    /// Part of the socket's name only: nothing listens on TCP.
    static let port = 5432

    private struct Owned: Sendable {
        let postmaster: Postmaster
        let socket: SocketDirectory
    }

    private let owned: Owned?

    private init(dsn: String, owned: Owned?) {
        self.dsn = dsn
        self.owned = owned
        isOwned = owned != nil
    }

    /// How a server is told to stop.
    public enum StopMode: Sendable {
        /// Open transactions are rolled back, the data is flushed; takes a moment.
        case fast
        /// At once, as in a crash; the next start recovers from the log. Nothing committed is lost.
        case immediate
    }

    /// Starts the server, or attaches to the one that another process runs on the same data directory.
    ///
    /// The first start creates the data directory and the database. Returns when the server accepts connections.
    ///
    /// - Throws: ``EmbeddedPostgresError``, or `CancellationError`; nothing stays running then.
    public static func start(
        _ configuration: EmbeddedPostgresConfiguration, logger: Logger
    ) async throws -> EmbeddedPostgres {
        let account = try ServiceAccount.current()
        try DataDirectory(configuration.dataDirectory).createParent(for: account)
        let data = DataDirectory(configuration.dataDirectory)
        let deadline = ContinuousClock.now + configuration.startTimeout
        while true {
            if let lock = try DirectoryLock.tryAcquire(data.lockPath) {
                return try await run(
                    on: data, lock: lock, as: account, configuration: configuration, deadline: deadline, logger: logger)
            }
            if let server = attach(dataDirectory: data.path, database: configuration.database) {
                logger.debug("attached to the running embedded server", metadata: ["data": "\(data.path)"])
                return server
            }
            guard ContinuousClock.now < deadline else {
                throw EmbeddedPostgresError(
                    .startTimedOut,
                    """
                    another process holds \(data.lockPath) but its server accepts no connections after \
                    \(configuration.startTimeout): see \(data.logPath), or stop that process
                    """)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Attaches to a server that already runs on a data directory; it stays another process's to stop.
    ///
    /// - Returns: nil when none accepts connections.
    public static func attach(
        dataDirectory: String, database: String = "agentcorp"
    ) -> EmbeddedPostgres? {
        guard let server = DataDirectory(dataDirectory).runningServer(), server.isReady, server.answers else {
            return nil
        }
        return EmbeddedPostgres(dsn: dsn(server.socketDirectory, server.port, database), owned: nil)
    }

    /// Removes a data directory and all that is in it.
    ///
    /// A directory that does not exist is fine. Waits up to ten seconds for a server that is just stopping.
    ///
    /// - Throws: ``EmbeddedPostgresError`` with code `inUse` while a server runs on it, and `dataDirectoryUnusable`
    ///   when the directory holds something else.
    public static func reset(dataDirectory: String) async throws {
        let data = DataDirectory(dataDirectory)
        let files = FileManager.default
        guard files.fileExists(atPath: data.path) else { return }
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            if let lock = try DirectoryLock.tryAcquire(data.lockPath) {
                defer { lock.release() }
                if data.runningServer()?.answers != true {
                    _ = try data.major()
                    // Renamed first, so that a kill in the middle leaves no half of a data directory.
                    let doomed = "\(data.path).new-\(getpid())-\(UInt32.random(in: .min ... .max))"
                    guard rename(data.path, doomed) == 0 else {
                        throw EmbeddedPostgresError(
                            .dataDirectoryUnusable, "cannot rename \(data.path): \(systemError())")
                    }
                    do {
                        return try files.removeItem(atPath: doomed)
                    } catch {
                        throw EmbeddedPostgresError(.dataDirectoryUnusable, "cannot remove \(doomed): \(error)")
                    }
                }
            }
            guard ContinuousClock.now < deadline, data.runningServer()?.isReady != true else {
                throw EmbeddedPostgresError(
                    .inUse, "a server runs on \(data.path): stop the process that started it, then try again")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Stops the server if this process started it, and waits until it has ended; otherwise does nothing.
    ///
    /// A fast stop that takes longer than 30 seconds becomes an immediate one, and then a kill. Safe to call again.
    public func stop(mode: StopMode = .fast) async {
        guard let owned else { return }
        let steps: [(signal: Int32, patience: Duration)] =
            [(SIGINT, .seconds(30)), (SIGQUIT, .seconds(5)), (SIGKILL, .seconds(5))]
        for step in mode == .fast ? steps[...] : steps[1...] {
            owned.postmaster.signal(step.signal)
            let deadline = ContinuousClock.now + step.patience
            while !owned.postmaster.hasEnded, ContinuousClock.now < deadline {
                // Also in a cancelled task the server's end is awaited.
                await Self.pause()
            }
            if owned.postmaster.hasEnded { break }
        }
        owned.socket.remove()
        owned.postmaster.releaseLock()
    }

    /// Stops the server at once and blocks until it has ended: for exit handlers, which cannot await.
    package func stopBlocking() {
        guard let owned else { return }
        owned.postmaster.signal(SIGQUIT)
        for _ in 0..<500 where !owned.postmaster.hasEnded { usleep(10_000) }
        owned.socket.remove()
    }

    private static func pause() async {
        await Task { try? await Task.sleep(for: .milliseconds(5)) }.value
    }

    private static func run(
        on data: DataDirectory, lock: DirectoryLock, as account: ServiceAccount,
        configuration: EmbeddedPostgresConfiguration, deadline: ContinuousClock.Instant, logger: Logger
    ) async throws -> EmbeddedPostgres {
        // On a thread: initdb takes a second or two, for which Swift's few threads must not stand still.
        let (binaries, socket) = try await onThread {
            let binaries = try chooseBinaries(for: data, named: configuration.binaries)
            let socket = try SocketDirectory.prepare(named: configuration.socketDirectory, for: data, as: account)
            do {
                let settings = EmbeddedPostgresConfiguration.defaultSettings.merging(configuration.settings) { $1 }
                data.clearAway()
                if try data.major() == nil {
                    logger.info("creating the embedded database", metadata: ["data": "\(data.path)"])
                    try data.initialize(
                        with: binaries, as: account, database: configuration.database,
                        durable: settings["fsync"] != "off")
                }
                try data.writeSettings(settings)
            } catch {
                socket.remove()
                throw error
            }
            return (binaries, socket)
        }
        try Task.checkCancellation()
        let postmaster = Postmaster(
            data: data, lock: lock, socket: socket, binaries: binaries, account: account, logger: logger)
        let server = EmbeddedPostgres(
            dsn: dsn(socket.path, port, configuration.database),
            owned: Owned(postmaster: postmaster, socket: socket))
        try postmaster.launch()
        do {
            while try !postmaster.isReady() {
                guard ContinuousClock.now < deadline else {
                    throw EmbeddedPostgresError(
                        .startTimedOut,
                        """
                        the server on \(data.path) accepts no connections after \(configuration.startTimeout); \
                        its log is \(data.logPath)
                        """)
                }
                try await Task.sleep(for: .milliseconds(5))
            }
        } catch {
            await server.stop(mode: .immediate)
            throw error
        }
        logger.debug("started the embedded server", metadata: ["data": "\(data.path)", "socket": "\(socket.path)"])
        return server
    }

    private static func chooseBinaries(for data: DataDirectory, named directory: String?) throws -> ServerBinaries {
        let path = getenv("PATH").map { String(cString: $0) }
        let all = try ServerBinaries.all(named: directory, environment: path.map { ["PATH": $0] } ?? [:])
        guard let written = try data.major() else { return all[0] }
        guard let fitting = all.first(where: { $0.major == written }) else {
            let have = all.map { "\($0.major)" }.joined(separator: ", ")
            throw EmbeddedPostgresError(
                .versionMismatch,
                """
                \(data.path) was written by PostgreSQL \(written), and only \(have) is there: install PostgreSQL \
                \(written), or choose another data directory and move the data with pg_dump, or remove it
                """)
        }
        return fitting
    }

    private static func dsn(_ host: String, _ port: Int, _ database: String) -> String {
        func quoted(_ value: String) -> String {
            "'" + value.map { $0 == "'" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "'"
        }
        return "host=\(quoted(host)) port=\(port) dbname=\(quoted(database)) user=\(user)"
    }
}
