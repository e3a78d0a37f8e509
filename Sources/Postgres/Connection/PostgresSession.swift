internal import CLibpq
internal import Logging

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// One libpq connection, used from one thread at a time by calls that block.
///
/// Everything that talks to the server is here, without concurrency; `PostgresConnection` puts it on a thread.
final class PostgresSession {
    /// The `PGconn`; freed when the session goes.
    let connection: OpaquePointer
    let wakeup: Wakeup
    let status: SessionStatus
    let logger: Logger
    private let notices: NoticeLog
    let mode: StatementMode
    var statements = StatementCache(capacity: 256)
    /// Evicted statements that the server still holds.
    var pendingDeallocations: [String] = []
    /// The last request to cancel, while it may still be under way.
    var cancelRequest: CancelRequest?
    var isCopying = false
    /// Notifications are kept for a listener only; anybody else's would pile up.
    var isListening = false
    var notifications: [PostgresNotification] = []
    var isClosed = false

    /// Connects; blocks for up to `connectTimeout` for each host.
    init(
        _ configuration: PostgresConfiguration, wakeup: Wakeup, status: SessionStatus, logger: Logger
    ) throws(PostgresError) {
        let pairs = try configuration.conninfo()
        let keywords = pairs.map { strdup($0.keyword) } + [nil]
        let values = pairs.map { strdup($0.value) } + [nil]
        defer { for text in keywords + values { free(text) } }
        let connection = keywords.map { UnsafePointer($0) }.withUnsafeBufferPointer { keywords in
            values.map { UnsafePointer($0) }.withUnsafeBufferPointer { values in
                PQconnectdbParams(keywords.baseAddress, values.baseAddress, 1)
            }
        }
        guard let connection else { throw PostgresError(.connectionFailed, "out of memory") }
        guard PQstatus(connection) == CONNECTION_OK else {
            defer { PQfinish(connection) }
            throw PostgresError(.connectionFailed, connection: connection)
        }
        PQsetnonblocking(connection, 1)
        self.connection = connection
        self.wakeup = wakeup
        self.status = status
        self.logger = logger
        mode = configuration.statements
        notices = NoticeLog(logger: logger)
        // The session holds `notices` longer than libpq can call it.
        PQsetNoticeReceiver(connection, NoticeLog.receive, Unmanaged.passUnretained(notices).toOpaque())
        status.socket = PQsocket(connection)
        status.state = .idle
    }

    deinit {
        PQfinish(connection)
        status.state = .dead
    }

    var socket: Int32 { PQsocket(connection) }

    var processID: Int32 { PQbackendPID(connection) }

    var isDead: Bool { isClosed || PQstatus(connection) == CONNECTION_BAD }

    /// Must come first in every operation.
    func begin(_ operation: Operation) throws(PostgresError) {
        guard !isClosed else { throw PostgresError(.connectionLost, "the connection was closed") }
        guard PQstatus(connection) != CONNECTION_BAD else {
            status.state = .dead
            throw PostgresError(.connectionLost, connection: connection)
        }
        guard !isCopying else {
            throw PostgresError(.protocolViolation, "a COPY is under way on this connection")
        }
        if operation.isCancellable, Task.isCancelled {
            throw PostgresError(.cancelled, "the task was cancelled before the statement was sent")
        }
    }

    /// Must come last in every operation.
    func end() {
        takeNotifications()
        if isDead {
            status.state = .dead
        } else if isCopying {
            status.state = .busy
        } else {
            status.state = PQtransactionStatus(connection) == PQTRANS_IDLE ? .idle : .busy
        }
    }

    /// Gives the connection up for lost: nothing may be sent any more.
    func abandon() {
        isClosed = true
        status.state = .dead
    }

    var isInTransaction: Bool { PQtransactionStatus(connection) != PQTRANS_IDLE }
}
