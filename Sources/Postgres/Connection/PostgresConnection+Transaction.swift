extension PostgresConnection {
    /// Runs `body` in a transaction that commits when it returns and rolls back when it throws or is cancelled.
    ///
    /// A serialization failure (40001) or deadlock (40P01) runs it again, up to `retries` times, after a pause with
    /// jitter; so `body` must have no effects outside the database. When the connection breaks during the commit, the
    /// error is `connectionLost` and the outcome is unknown.
    public nonisolated func transaction<Result>(
        retries: Int = 3, isolation: PostgresIsolation = .readCommitted,
        _ body: (PostgresConnection) async throws -> Result
    ) async throws -> Result {
        var attempt = 0
        while true {
            do {
                return try await once(isolation, body)
            } catch let error as PostgresError where error.isRetryable && attempt < retries {
                attempt += 1
                let ceiling = 10 << min(attempt, 6)
                try await Task.sleep(for: .milliseconds(Int.random(in: 1...ceiling)))
            }
        }
    }

    private nonisolated func once<Result>(
        _ isolation: PostgresIsolation, _ body: (PostgresConnection) async throws -> Result
    ) async throws -> Result {
        guard state != .busy else {
            throw PostgresError(.protocolViolation, "a transaction is already under way on this connection")
        }
        do {
            _ = try await query("BEGIN ISOLATION LEVEL \(isolation.rawValue)")
            let result = try await body(self)
            try await commit()
            return result
        } catch {
            // A rollback that fails leaves the connection dead or busy, which the pool sees.
            if state == .busy { try? await cleanUp("ROLLBACK") }
            throw error
        }
    }

    private func commit() async throws {
        let result = try await query("COMMIT")
        // A COMMIT in a failed transaction rolls back and reports success; the body must have hidden the error.
        guard result.commandTag == "COMMIT" else {
            throw PostgresError(
                .server, "the transaction was rolled back because a statement in it failed", sqlState: "25P02")
        }
    }
}
