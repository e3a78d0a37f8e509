import Glibc
internal import Logging
import Synchronization
internal import Threads

/// The server process, and the thread that starts it, waits for it and starts it again.
///
/// The kernel ties the "my parent has died" signal to the parent's *thread*, so the thread that starts the server
/// lives as long as the server is wanted: until then, only the end of this whole process ends it.
final class Postmaster: Sendable {
    private struct State {
        var pid: pid_t?
        var wasReady = false
        var isStopping = false
        /// Why the thread has given up or finished.
        var end: Result<Void, EmbeddedPostgresError>?
    }

    private let state = Mutex(State())
    private let data: DataDirectory
    /// Held from here, because this object lives as long as the thread even when nobody keeps the server's handle.
    private let lock: DirectoryLock
    private let commandLine: [String]
    private let logger: Logger
    private let started = ContinuousClock.now

    /// How long a start is repeated while the remains of a killed server refuse it (about two seconds).
    private static let patience: Duration = .seconds(10)

    /// A log longer than this many bytes is put aside before the next start, in place of the one before.
    private static let longLog = 16 << 20

    init(
        data: DataDirectory, lock: DirectoryLock, socket: SocketDirectory, binaries: ServerBinaries,
        account: ServiceAccount,
        logger: Logger
    ) {
        self.data = data
        self.lock = lock
        self.logger = logger
        commandLine = account.commandLine(
            [
                binaries.postgres, "-D", data.path, "-k", socket.path, "-p", "\(EmbeddedPostgres.port)",
                "-c", "listen_addresses=",
            ], orphanSignal: "INT")
    }

    /// Starts the thread, and with it the server.
    func launch() throws {
        try startThread { self.supervise() }
    }

    /// Whether the server accepts connections.
    ///
    /// - Throws: ``EmbeddedPostgresError`` once it will not any more.
    func isReady() throws -> Bool {
        let server = data.runningServer()
        return try state.withLock {
            if case .failure(let error) = $0.end { throw error }
            guard let server, server.isReady, server.pid == $0.pid else { return false }
            $0.wasReady = true
            return true
        }
    }

    /// Whether the server has ended and will not be started again.
    var hasEnded: Bool { state.withLock { $0.end != nil } }

    /// Asks the server to stop, for good.
    func signal(_ signal: Int32) {
        state.withLock {
            $0.isStopping = true
            // The thread clears the id before it collects the process, so this is never a stranger's.
            if let pid = $0.pid { kill(pid, signal) }
        }
    }

    /// Lets others start a server on the data directory, once this one has ended.
    func releaseLock() { lock.release() }

    private func supervise() {
        var failures = 0
        while true {
            let from = logSize()
            let begin = ContinuousClock.now
            let status: Int32?
            do {
                status = try runOnce()
            } catch {
                return finish(.failure(error))
            }
            let (isStopping, wasReady) = state.withLock { ($0.isStopping, $0.wasReady) }
            guard let status, !isStopping else { return finish(.success(())) }
            if wasReady {
                logger.warning(
                    "the embedded server ended unasked, starting it again",
                    metadata: ["exit": "\(status)", "log": "\(data.logPath)"])
            } else {
                let said = logText(from: from)
                guard refusedByRemains(said), ContinuousClock.now - started < Self.patience else {
                    return finish(
                        .failure(
                            EmbeddedPostgresError(
                                .startFailed,
                                """
                                the server on \(data.path) did not start (exit code \(status)); its log \
                                \(data.logPath) ends with:
                                \(said.lastLines(10))
                                """)))
                }
            }
            failures = ContinuousClock.now - begin > .seconds(60) ? 1 : failures + 1
            pause(milliseconds: wasReady ? min(5000, 100 * failures) : 200)
        }
    }

    /// Runs the server once, to its end.
    ///
    /// - Returns: its exit code, or nil when a stop came before it started.
    private func runOnce() throws(EmbeddedPostgresError) -> Int32? {
        if logSize() > Self.longLog { rename(data.logPath, data.logPath + ".1") }
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(null) }
        let log = open(data.logPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard log >= 0 else {
            throw EmbeddedPostgresError(
                .dataDirectoryUnusable, "cannot write \(data.logPath): \(systemError())")
        }
        defer { close(log) }
        let pid: pid_t? = try state.withLock { (state) throws(EmbeddedPostgresError) in
            guard !state.isStopping else { return nil }
            state.pid = try ChildProcess.spawn(commandLine, input: null, output: log, errors: log)
            return state.pid
        }
        guard let pid else { return nil }
        ChildProcess.awaitExit(of: pid)
        state.withLock { $0.pid = nil }
        return ChildProcess.reap(pid)
    }

    private func finish(_ end: Result<Void, EmbeddedPostgresError>) {
        if case .failure(let error) = end {
            logger.debug("the embedded server is not running", metadata: ["reason": "\(error)"])
        }
        state.withLock { $0.end = end }
    }

    /// What a killed server leaves for a moment: its lock file with a live process, or its children's shared memory.
    private func refusedByRemains(_ log: String) -> Bool {
        log.contains("lock file \"postmaster.pid\" already exists")
            || log.contains("pre-existing shared memory block")
    }

    private func pause(milliseconds: Int) {
        for _ in 0..<(milliseconds / 20) where !state.withLock({ $0.isStopping }) { usleep(20_000) }
    }

    private func logSize() -> off_t {
        var found = stat()
        return stat(data.logPath, &found) == 0 ? found.st_size : 0
    }

    private func logText(from offset: off_t) -> String {
        let file = open(data.logPath, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let start = max(offset, logSize() - off_t(bytes.count))
        let count = pread(file, &bytes, bytes.count, start)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
