internal import CLibpq

extension PostgresSession {
    /// Starts a COPY FROM STDIN; until `endCopy` or `failCopy` the connection takes nothing else.
    func beginCopy(_ sql: String, _ operation: inout Operation) throws(PostgresError) {
        try begin(operation)
        let sql = try plain(sql)
        defer { end() }
        try send(sql) { PQsendQuery(connection, $0) }
        try waitForResult(&operation)
        guard let result = PQgetResult(connection) else {
            throw PostgresError(.protocolViolation, "the server did not answer the COPY")
        }
        if PQresultStatus(result) == PGRES_COPY_IN {
            PQclear(result)
            isCopying = true
            return
        }
        let error =
            PQresultStatus(result) == PGRES_FATAL_ERROR
            ? PostgresError(result: result)
            : PostgresError(.protocolViolation, "the statement is not a COPY FROM STDIN")
        PQclear(result)
        // The rest of the answer; an error in it is the one that is already known.
        if let rest = try? collect(&operation) { PQclear(rest) }
        throw error
    }

    /// Sends a piece of the rows, waiting while the server is slower than the sender.
    func sendCopy(_ bytes: borrowing [UInt8], _ operation: inout Operation) throws(PostgresError) {
        try requireCopy()
        if Task.isCancelled { throw PostgresError(.cancelled, "the task was cancelled during a COPY") }
        try put(&operation) {
            bytes.withUnsafeBytes {
                PQputCopyData(
                    connection, $0.baseAddress?.assumingMemoryBound(to: CChar.self), Int32($0.count))
            }
        }
        // Otherwise libpq would gather all rows in memory.
        while PQflush(connection) == 1 {
            try waitForCopySocket(&operation)
        }
        // A cancelled COPY takes rows too, and throws them away.
        if operation.interruption != nil { throw operation.interruptionError() }
    }

    /// Ends the COPY and waits until the server has taken all rows; returns how many.
    func endCopy(_ operation: inout Operation) throws(PostgresError) -> Int {
        try requireCopy()
        try put(&operation) { PQputCopyEnd(connection, nil) }
        isCopying = false
        defer { end() }
        return PostgresResult(owning: try collect(&operation)).affectedRows
    }

    /// Makes the server throw away what was sent; the connection is clean afterwards.
    func failCopy(_ reason: String) throws(PostgresError) {
        guard isCopying else { return }
        defer { end() }
        var operation = Operation(timeout: .seconds(10), isCancellable: false)
        let reason = reason.filter { $0 != "\0" }
        try put(&operation) { PQputCopyEnd(connection, reason) }
        isCopying = false
        do throws(PostgresError) {
            PQclear(try collect(&operation))
        } catch  where error.code == .server {
            // This is the server saying that the COPY failed, as it was asked to.
            settleAfter(operation)
        }
    }

    private func requireCopy() throws(PostgresError) {
        guard !isClosed else { throw PostgresError(.connectionLost, "the connection was closed") }
        guard isCopying else { throw PostgresError(.protocolViolation, "no COPY is under way") }
    }

    private func put(_ operation: inout Operation, _ call: () -> Int32) throws(PostgresError) {
        while true {
            switch call() {
            case 1: return
            case 0: try waitForCopySocket(&operation)
            default:
                isCopying = false
                abandon()
                throw PostgresError(.connectionLost, connection: connection)
            }
        }
    }

    private func waitForCopySocket(_ operation: inout Operation) throws(PostgresError) {
        try waitForSocket(&operation, toWrite: true)
        guard PQconsumeInput(connection) == 1 else {
            isCopying = false
            abandon()
            throw PostgresError(.connectionLost, connection: connection)
        }
    }
}
