/// What went wrong between this process and PostgreSQL.
public struct PostgresError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; decides what a caller can do about it.
    public enum Code: String, Sendable {
        /// No connection could be made; nothing was sent.
        case connectionFailed = "connection failed"
        /// The connection broke; whether the last statement took effect is unknown.
        case connectionLost = "connection lost"
        /// The server refused the statement; `sqlState` says why.
        case server = "server error"
        /// The awaiting task was cancelled; the statement was cancelled on the server too.
        case cancelled = "cancelled"
        /// The statement did not end in time and was cancelled on the server.
        case deadlineExceeded = "deadline exceeded"
        /// The pool was shut down.
        case poolClosed = "pool closed"
        /// No pooled connection became free in time.
        case poolTimeout = "no free connection"
        /// A call that does not fit the connection's state.
        case protocolViolation = "protocol violation"
        /// A value that cannot be sent, or a column that cannot be read as asked.
        case invalidValue = "invalid value"
    }

    public var code: Code
    /// What happened, in one sentence; the server's own words where it spoke.
    public var message: String
    /// The five characters of the server's error code, or nil when the server did not speak.
    public var sqlState: String?
    public var detail: String?
    public var hint: String?
    public var schema: String?
    public var table: String?
    public var constraint: String?
    /// Where in the statement the error is, in characters from 1.
    public var position: Int?
    /// Which query of a pipeline failed, from 0.
    public var statementIndex: Int?

    public init(_ code: Code, _ message: String, sqlState: String? = nil) {
        self.code = code
        self.message = message
        self.sqlState = sqlState
    }

    /// Whether the transaction lost against another one and would likely succeed when it is run again.
    public var isRetryable: Bool { sqlState == "40001" || sqlState == "40P01" }

    /// Whether the connection is gone (or never was), so that only a new one can help.
    public var isConnectionLoss: Bool {
        switch code {
        case .connectionFailed, .connectionLost: true
        case .server: sqlState.map { $0.hasPrefix("08") || $0.hasPrefix("57P0") } ?? false
        default: false
        }
    }

    public var description: String {
        var text = code.rawValue
        if let sqlState { text += " \(sqlState)" }
        text += ": \(message)"
        if let statementIndex { text += " (query \(statementIndex) of the pipeline)" }
        if let detail { text += "; detail: \(detail)" }
        if let hint { text += "; hint: \(hint)" }
        return text
    }
}
