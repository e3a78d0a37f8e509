internal import JSON

/// A way to one server: it carries requests, and matches the answers to them.
protocol Transport: Sendable {
    /// False once nothing can be sent any more.
    var isOpen: Bool { get }
    /// What is spoken from now on.
    func use(_ revision: Revision)
    /// Throws `RPCFailure`, `MCPError`, `SessionLost`, and `CancellationError` when the task is cancelled: the server
    /// has been told then, if it speaks a revision that provides for that.
    func send(_ request: RPCRequest) async throws -> JSONValue
    func notify(_ notification: RPCNotification) async throws
    /// Ends the connection, and the server's process if it is ours. Waits for that.
    func close() async
}

/// The server knows the session no longer; it has not looked at the request.
struct SessionLost: Error {}
