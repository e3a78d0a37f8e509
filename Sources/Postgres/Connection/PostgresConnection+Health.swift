#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

// What the pool needs to know before and after it lends a connection.
extension PostgresConnection {
    /// Whether the server said something although nothing was asked, as when it ends the connection.
    ///
    /// Only for a connection that nobody is using.
    nonisolated var hasInput: Bool {
        var descriptor = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return poll(&descriptor, 1, 0) != 0
    }

    /// Whether the server answers in time; if not, the connection is dropped.
    func isResponsive(within timeout: Duration = .seconds(5)) async -> Bool {
        do {
            try await interruptible { session in
                var operation = Operation(timeout: timeout, grace: .zero)
                try session.script("SELECT 1", &operation)
            }
            return true
        } catch {
            return false
        }
    }

    /// Ends whatever transaction is open; the state tells whether that worked.
    func reset() async {
        try? cleanUp("ROLLBACK")
    }
}
