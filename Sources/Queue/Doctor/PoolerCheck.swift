internal import Postgres

/// Finds out whether a pooler that lends its server connections by the transaction is between us and the server.
struct PoolerCheck {
    let configuration: PostgresConfiguration
    let deadline: Duration

    func run() async throws -> Finding {
        var probing = configuration
        probing.statements = .unnamed
        let session = try await PostgresConnection.connect(probing)
        let backend = try await pid(session)
        // A pooler makes up the process id that it tells when a session begins.
        guard await session.processID != backend else {
            await session.close()
            return Finding("pooler", .ok, "no pooler is between this machine and the server")
        }
        let other = try await PostgresConnection.connect(probing)
        try await other.script("begin", deadline: deadline)
        let isShared = try await pid(other) == backend
        await other.close()
        await session.close()
        guard isShared else {
            return Finding("pooler", .ok, "a pooler lends a server connection to each session")
        }
        guard configuration.statements != .unnamed else {
            return Finding("pooler", .ok, "a pooler lends server connections by the transaction, and we know it")
        }
        return Finding(
            "pooler", .warning,
            "a pooler in transaction mode is in between: prepared statements may fail, and LISTEN delivers nothing",
            mend: "Give --pooler, or with --direct-database the server's own address for LISTEN.")
    }

    private func pid(_ connection: PostgresConnection) async throws -> Int32 {
        try await connection.query("select pg_backend_pid()", deadline: deadline).rows[0].int32(0)
    }
}
