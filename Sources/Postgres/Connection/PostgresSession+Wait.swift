internal import CLibpq

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
        while true {
            let isReady = try pollOnce(operation.pollTimeout, socketEvents: toWrite ? POLLIN | POLLOUT : POLLIN)
            // Asked even when the socket is ready, or a long result would outrun its cancellation.
            if operation.mustCancel(), cancelRequest?.isDone ?? true {
                cancelRequest = CancelRequest(connection, wakeup: wakeup, logger: logger)
            }
            if operation.isHopeless {
                abandon()
                throw operation.interruptionError("; the server did not react, so the connection was dropped")
            }
            if isReady { return }
        }
    }

    /// Waits for the socket, for a wake-up or for the time; returns whether the socket is ready.
    func pollOnce(_ milliseconds: Int32, socketEvents: Int32) throws(PostgresError) -> Bool {
        var descriptors = (
            pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0),
            // A negative descriptor is passed over.
            pollfd(fd: socketEvents == 0 ? -1 : socket, events: Int16(socketEvents), revents: 0)
        )
        let ready = withUnsafeMutableBytes(of: &descriptors) {
            poll($0.assumingMemoryBound(to: pollfd.self).baseAddress, 2, milliseconds)
        }
        if ready < 0, errno != EINTR {
            abandon()
            throw PostgresError(.connectionLost, "poll failed: \(String(cString: strerror(errno)))")
        }
        if ready > 0, descriptors.0.revents != 0 { wakeup.drain() }
        return ready > 0 && descriptors.1.revents != 0
    }

    /// Makes sure, after an interruption, that no cancel request is still on its way to hit the next statement.
    func settleCancel(_ operation: Operation) throws(PostgresError) {
        guard let cancelRequest else { return }
        while !cancelRequest.isDone {
            guard !operation.isHopeless else { return abandon() }
            _ = try pollOnce(operation.pollTimeout, socketEvents: 0)
        }
        self.cancelRequest = nil
        // A pooler may pass the request on late; whatever it hits then is an empty statement.
        for _ in 0..<3 where PQstatus(connection) == CONNECTION_OK && !isClosed {
            guard PQsendQuery(connection, "") == 1 else { return abandon() }
            var operation = Operation(timeout: .seconds(5), isCancellable: false, grace: .zero)
            var wasHit = false
            while true {
                try waitForResult(&operation)
                guard let result = PQgetResult(connection) else { break }
                wasHit = wasHit || PQresultStatus(result) == PGRES_FATAL_ERROR
                PQclear(result)
            }
            if !wasHit { return }
        }
    }
}
