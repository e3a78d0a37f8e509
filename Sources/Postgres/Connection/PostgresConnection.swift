public import Logging

/// One connection to PostgreSQL, on a thread of its own.
///
/// Calls from several tasks run one after the other; a transaction belongs to whoever holds the connection, so share
/// connections through a `PostgresPool`. Cancelling the task that awaits a call cancels the statement on the server
/// and leaves the connection fit for the next one.
public actor PostgresConnection {
    private nonisolated let thread: PostgresThread
    private nonisolated let wakeup: Wakeup
    private nonisolated let status = SessionStatus()
    private nonisolated let configuration: PostgresConfiguration
    private nonisolated let logger: Logger
    private var session: PostgresSession?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private init(_ configuration: PostgresConfiguration, logger: Logger) throws(PostgresError) {
        self.configuration = configuration
        self.logger = logger
        wakeup = try Wakeup()
        thread = try PostgresThread()
    }

    deinit { thread.stop() }

    /// Connects to the first host that accepts.
    ///
    /// Throws `connectionFailed` with libpq's reason, or `cancelled` as soon as the task is; an attempt that is under
    /// way then ends by itself.
    public static func connect(
        _ configuration: PostgresConfiguration, logger: Logger = Logger(label: "agentcorp.postgres")
    ) async throws -> PostgresConnection {
        let connection = try PostgresConnection(configuration, logger: logger)
        // Libpq's own blocking connect is what steps to the next host on a timeout. It cannot be interrupted, so it
        // runs in a task of its own that a cancelled caller leaves behind.
        let attempt = FirstOutcome()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                attempt.start(continuation)
                Task {
                    do {
                        try await connection.open()
                        attempt.finish(nil)
                    } catch {
                        attempt.finish(error)
                    }
                }
            }
        } onCancel: {
            attempt.finish(PostgresError(.cancelled, "the task was cancelled while it connected"))
        }
        return connection
    }

    private func open() throws {
        session = try PostgresSession(configuration, wakeup: wakeup, status: status, logger: logger)
    }

    /// Runs one statement; `$1` and so on in it stand for the parameters.
    ///
    /// `deadline` is how long it may take, `statementTimeout` of the configuration by default. Throws `PostgresError`.
    public func query(
        _ sql: String, _ parameters: [any PostgresEncodable] = [], deadline: Duration? = nil
    ) async throws -> PostgresResult {
        try await interruptible { session in
            var operation = operation(deadline)
            return try session.query(sql, parameters, &operation)
        }
    }

    /// Runs several statements in one text, without parameters, and drops their results.
    ///
    /// Outside a transaction they make up one transaction, unless they contain transaction commands themselves.
    public func script(_ sql: String, deadline: Duration? = nil) async throws {
        try await interruptible { session in
            var operation = operation(deadline)
            try session.script(sql, &operation)
        }
    }

    /// Sends all queries at once and waits for all their results: one round trip instead of many.
    ///
    /// Outside a transaction they make up one of their own: when one fails, none takes effect, and the error's
    /// `statementIndex` says which it was. The results come in the order of the queries.
    public func pipeline(_ queries: [PostgresQuery], deadline: Duration? = nil) async throws -> [PostgresResult] {
        try await interruptible { session in
            var operation = operation(deadline)
            return try session.pipeline(queries, &operation)
        }
    }

    /// The id of the server process as it was told when the connection began; a pooler tells a number of its own. 0 once closed.
    public var processID: Int32 { session?.processID ?? 0 }

    /// Closes the connection; calls that come later throw `connectionLost`.
    public func close() {
        session = nil
    }

    /// Runs a blocking call on this connection's thread, waking it up when the task is cancelled.
    func interruptible<Result>(
        _ body: (PostgresSession) throws -> Result
    ) async throws -> Result {
        try await withTaskCancellationHandler {
            try body(try openSession())
        } onCancel: {
            wakeup.signal()
        }
    }

    /// Runs a statement that the task's cancellation must not stop, such as a rollback.
    func cleanUp(_ sql: String) throws {
        var operation = Operation(timeout: .seconds(10), isCancellable: false)
        try openSession().script(sql, &operation)
    }

    func operation(_ deadline: Duration?) -> Operation {
        Operation(timeout: deadline ?? configuration.statementTimeout, grace: configuration.cancelTimeout)
    }

    func openSession() throws(PostgresError) -> PostgresSession {
        guard let session else { throw PostgresError(.connectionLost, "the connection was closed") }
        return session
    }

    nonisolated var socket: Int32 { status.socket }

    /// What the connection was doing when its last call ended.
    nonisolated var state: SessionStatus.State { status.state }
}
