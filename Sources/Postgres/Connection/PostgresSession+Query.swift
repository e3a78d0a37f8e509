internal import CLibpq

extension PostgresSession {
    /// Runs one statement and waits for its result.
    func query(
        _ sql: String, _ parameters: [any PostgresEncodable], _ operation: inout Operation
    ) throws(PostgresError) -> PostgresResult {
        try begin(operation)
        let parameters = try EncodedParameters(parameters)
        defer { end() }
        guard mode == .named else {
            try send(try plain(sql)) { sql in
                parameters.withPointers { PQsendQueryParams(connection, sql, $0, $1, $2, $3, $4, 1) }
            }
            return PostgresResult(owning: try collect(&operation))
        }
        let key = StatementCache.Key(sql: sql, types: parameters.types)
        let wasInTransaction = isInTransaction
        do throws(PostgresError) {
            return try runPrepared(key, parameters, &operation)
        } catch  where !wasInTransaction && error.isStaleStatement {
            // A migration changed what the statement returns, or somebody deallocated it; nothing has run yet.
            statements.remove(key)
            return try runPrepared(key, parameters, &operation)
        }
    }

    private func runPrepared(
        _ key: StatementCache.Key, _ parameters: EncodedParameters, _ operation: inout Operation
    ) throws(PostgresError) -> PostgresResult {
        let name = try prepared(key, &operation)
        try send(name) { name in
            parameters.withPointers { PQsendQueryPrepared(connection, name, $0, $2, $3, $4, 1) }
        }
        do throws(PostgresError) {
            return PostgresResult(owning: try collect(&operation))
        } catch {
            if error.isStaleStatement { statements.remove(key) }
            throw error
        }
    }

    /// The name of a statement on this connection; prepares it when it is new.
    private func prepared(_ key: StatementCache.Key, _ operation: inout Operation) throws(PostgresError) -> String {
        if let name = statements.name(of: key) { return name }
        try deallocateEvicted(&operation)
        let name = statements.newName()
        let sql = try plain(key.sql)
        try send(name) { name in
            sql.withCString { sql in PQsendPrepare(connection, name, sql, Int32(key.types.count), key.types) }
        }
        PQclear(try collect(&operation))
        remember(key, name)
        return name
    }

    func remember(_ key: StatementCache.Key, _ name: String) {
        if let evicted = statements.insert(key, name: name) { pendingDeallocations.append(evicted) }
    }

    /// Frees evicted statements on the server; in a failed transaction that has to wait.
    func deallocateEvicted(_ operation: inout Operation) throws(PostgresError) {
        while let name = pendingDeallocations.last, PQtransactionStatus(connection) != PQTRANS_INERROR {
            try send("DEALLOCATE \(name)") { PQsendQuery(connection, $0) }
            PQclear(try collect(&operation))
            pendingDeallocations.removeLast()
        }
    }

    /// Runs any number of statements without parameters, dropping their results; stops at the first error.
    func script(_ sql: String, _ operation: inout Operation) throws(PostgresError) {
        try begin(operation)
        let sql = try plain(sql)
        defer { end() }
        try send(sql) { PQsendQuery(connection, $0) }
        PQclear(try collect(&operation))
    }

    func plain(_ sql: String) throws(PostgresError) -> String {
        guard !sql.utf8.contains(0) else { throw PostgresError(.invalidValue, "the statement holds a NUL character") }
        return sql
    }

    func send(_ text: String, _ call: (UnsafePointer<CChar>) -> Int32) throws(PostgresError) {
        guard text.withCString(call) == 1 else { throw PostgresError(.connectionLost, connection: connection) }
    }

    /// Reads until the server is ready again and returns the last result.
    func collect(_ operation: inout Operation) throws(PostgresError) -> OpaquePointer {
        var last: OpaquePointer?
        var failure: PostgresError?
        do throws(PostgresError) {
            while true {
                try waitForResult(&operation)
                guard let result = PQgetResult(connection) else { break }
                switch PQresultStatus(result) {
                case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
                    PQclear(last)
                    last = result
                case PGRES_COPY_IN:
                    PQclear(result)
                    failure = PostgresError(.protocolViolation, "COPY FROM STDIN goes through copyIn")
                    PQputCopyEnd(connection, "not expected here")
                case PGRES_COPY_OUT, PGRES_COPY_BOTH:
                    PQclear(result)
                    abandon()
                    throw PostgresError(
                        .protocolViolation, "COPY TO STDOUT is not supported; the connection was dropped")
                default:
                    if failure == nil { failure = PostgresError(result: result) }
                    PQclear(result)
                }
            }
        } catch {
            PQclear(last)
            throw error
        }
        return try conclude(last, failure, operation)
    }

    /// The statement's outcome stands, whatever becomes of the connection.
    func settleAfter(_ operation: Operation) {
        do throws(PostgresError) {
            try settleCancel(operation)
        } catch {
            abandon()
        }
    }

    /// Decides what an exchange that has ended means for the caller.
    private func conclude(
        _ result: OpaquePointer?, _ failure: PostgresError?, _ operation: Operation
    ) throws(PostgresError) -> OpaquePointer {
        if PQstatus(connection) == CONNECTION_BAD {
            PQclear(result)
            var error = failure ?? PostgresError(.connectionLost, connection: connection)
            error.code = .connectionLost
            throw error
        }
        if operation.interruption != nil { settleAfter(operation) }
        if let failure {
            PQclear(result)
            // 57014 is query_canceled; without an interruption it is the server's own statement_timeout.
            throw operation.interruption != nil && failure.sqlState == "57014"
                ? operation.interruptionError() : failure
        }
        guard let result else { throw PostgresError(.protocolViolation, "the server sent no result") }
        return result
    }
}

extension PostgresError {
    /// Whether a prepared statement does not exist any more or would return other columns than it did.
    var isStaleStatement: Bool {
        sqlState == "26000" || (sqlState == "0A000" && message.hasPrefix("cached plan must not change"))
    }
}
