internal import CLibpq
internal import Logging

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

extension PostgresSession {
    /// Sends what is buffered and waits until `PQgetResult` does not block.
    ///
    /// When the task is cancelled or the deadline passes, the server is asked to cancel, and the wait goes on for the
    /// answer: a connection is only clean once it is known how its statement ended.
    func waitForResult(_ operation: inout Operation) throws(PostgresError) {
        while true {
            let unsent = PQflush(connection) == 1
            guard PQisBusy(connection) == 1 else { return }
            try waitForSocket(&operation, toWrite: unsent)
            // A failure shows up as a result, so that it is read in one place.
            if PQconsumeInput(connection) == 0 { return }
        }
    }

    /// Waits until the socket has something to read (or room to write), handling cancellation and deadline.
    func waitForSocket(_ operation: inout Operation, toWrite: Bool) throws(PostgresError) {
        var descriptors = (
            pollfd(fd: socket, events: Int16(toWrite ? POLLIN | POLLOUT : POLLIN), revents: 0),
            pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0)
        )
        while true {
            let ready = withUnsafeMutableBytes(of: &descriptors) {
                poll($0.assumingMemoryBound(to: pollfd.self).baseAddress, 2, operation.pollTimeout)
            }
            if ready < 0, errno != EINTR {
                abandon()
                throw PostgresError(.connectionLost, "poll failed: \(String(cString: strerror(errno)))")
            }
            if ready > 0, descriptors.0.revents != 0 { return }
            if ready > 0, descriptors.1.revents != 0 { wakeup.drain() }
            if operation.isHopeless {
                abandon()
                throw operation.interruptionError("; the server did not react, so the connection was dropped")
            }
            if operation.mustCancel() { requestCancel() }
        }
    }

    /// Asks the server over a second connection to cancel; when this returns, the request has been delivered.
    private func requestCancel() {
        guard let request = PQgetCancel(connection) else { return }
        defer { PQfreeCancel(request) }
        var message = [CChar](repeating: 0, count: 256)
        guard PQcancel(request, &message, Int32(message.count)) == 0 else { return }
        let reason = message.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        logger.debug("cancel request failed", metadata: ["reason": "\(reason)"])
    }

    /// Makes sure that no cancel request is still on its way to hit the next statement.
    func absorbLateCancel() {
        for _ in 0..<3 {
            guard PQsendQuery(connection, "") == 1 else { return }
            var operation = Operation(timeout: .seconds(5), isCancellable: false)
            var wasHit = false
            while true {
                guard (try? waitForResult(&operation)) != nil else { return abandon() }
                guard let result = PQgetResult(connection) else { break }
                wasHit = wasHit || PQresultStatus(result) == PGRES_FATAL_ERROR
                PQclear(result)
            }
            if !wasHit { return }
        }
        abandon()
    }
}
