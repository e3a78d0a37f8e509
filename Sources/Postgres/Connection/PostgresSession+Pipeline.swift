internal import CLibpq

extension PostgresSession {
    private struct Prepared {
        let sql: String
        let parameters: EncodedParameters
        /// The name to run it by; nil in unnamed mode.
        let name: String?
        /// Set where this query is the first to need its statement on this connection.
        let newKey: StatementCache.Key?
    }

    /// Sends all queries at once and reads their results: one round trip, and one transaction of its own.
    func pipeline(
        _ queries: [PostgresQuery], _ operation: inout Operation
    ) throws(PostgresError) -> [PostgresResult] {
        try begin(operation)
        guard !queries.isEmpty else { return [] }
        defer { end() }
        if mode == .named { try deallocateEvicted(&operation) }
        let prepared = try prepare(queries)
        guard PQenterPipelineMode(connection) == 1 else {
            throw PostgresError(.protocolViolation, connection: connection)
        }
        let outcome: Outcome
        do throws(PostgresError) {
            for query in prepared { try sendPipelined(query) }
            guard PQpipelineSync(connection) == 1 else {
                throw PostgresError(.connectionLost, connection: connection)
            }
            outcome = try readPipeline(prepared, &operation)
        } catch {
            // Half a pipeline cannot be taken back.
            abandon()
            throw error
        }
        guard PQstatus(connection) != CONNECTION_BAD, PQexitPipelineMode(connection) == 1 else {
            var error = outcome.failure ?? PostgresError(.connectionLost, connection: connection)
            error.code = .connectionLost
            abandon()
            throw error
        }
        if operation.interruption != nil { settleAfter(operation) }
        guard let failure = outcome.failure else { return outcome.results }
        throw operation.interruption != nil && failure.sqlState == "57014" ? operation.interruptionError() : failure
    }

    private func prepare(_ queries: [PostgresQuery]) throws(PostgresError) -> [Prepared] {
        var names: [StatementCache.Key: String] = [:]
        var prepared: [Prepared] = []
        prepared.reserveCapacity(queries.count)
        for (index, query) in queries.enumerated() {
            do throws(PostgresError) {
                let parameters = try EncodedParameters(query.parameters)
                let key = StatementCache.Key(sql: query.sql, types: parameters.types)
                var name: String?
                var newKey: StatementCache.Key?
                if mode == .named {
                    name = statements.name(of: key) ?? names[key]
                    if name == nil {
                        name = statements.newName()
                        names[key] = name
                        newKey = key
                    }
                }
                let sql = mode == .unnamed || newKey != nil ? try plain(query.sql) : query.sql
                prepared.append(Prepared(sql: sql, parameters: parameters, name: name, newKey: newKey))
            } catch {
                var error = error
                error.statementIndex = index
                throw error
            }
        }
        return prepared
    }

    private func sendPipelined(_ query: Prepared) throws(PostgresError) {
        guard let name = query.name else {
            return try send(query.sql) { sql in
                query.parameters.withPointers { PQsendQueryParams(connection, sql, $0, $1, $2, $3, $4, 1) }
            }
        }
        if let key = query.newKey {
            try send(name) { name in
                query.sql.withCString { PQsendPrepare(connection, name, $0, Int32(key.types.count), key.types) }
            }
        }
        try send(name) { name in
            query.parameters.withPointers { PQsendQueryPrepared(connection, name, $0, $2, $3, $4, 1) }
        }
    }

    private struct Outcome {
        var results: [PostgresResult] = []
        var failure: PostgresError?

        mutating func note(_ error: PostgresError, at index: Int) {
            guard failure == nil else { return }
            failure = error
            failure?.statementIndex = index
        }
    }

    private func readPipeline(
        _ queries: [Prepared], _ operation: inout Operation
    ) throws(PostgresError) -> Outcome {
        var outcome = Outcome()
        for (index, query) in queries.enumerated() {
            if let key = query.newKey, let name = query.name {
                let result = try pipelined(&operation)
                if PQresultStatus(result) == PGRES_COMMAND_OK {
                    remember(key, name)
                } else {
                    outcome.note(PostgresError(result: result), at: index)
                }
                PQclear(result)
            }
            let result = try pipelined(&operation)
            switch PQresultStatus(result) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
                outcome.results.append(PostgresResult(owning: result))
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                PQclear(result)
                throw PostgresError(.protocolViolation, "COPY does not work in a pipeline; the connection was dropped")
            default:
                let error = PostgresError(result: result)
                if error.isStaleStatement {
                    statements.remove(StatementCache.Key(sql: query.sql, types: query.parameters.types))
                }
                outcome.note(error, at: index)
                PQclear(result)
            }
        }
        // What ends the pipeline is the server's answer to the sync, without a null after it.
        try waitForResult(&operation)
        PQclear(PQgetResult(connection))
        return outcome
    }

    /// The one result of the next message in a pipeline, and the null that follows it.
    private func pipelined(_ operation: inout Operation) throws(PostgresError) -> OpaquePointer {
        try waitForResult(&operation)
        guard let result = PQgetResult(connection), PQstatus(connection) != CONNECTION_BAD else {
            throw PostgresError(.connectionLost, connection: connection)
        }
        try waitForResult(&operation)
        PQclear(PQgetResult(connection))
        return result
    }
}
