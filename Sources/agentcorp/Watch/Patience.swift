import Postgres

/// What watches something outlives a server that restarts.
enum Patience {
    /// How long a server may be away.
    private static let limit: Duration = .seconds(60)

    /// Runs a query; says once that the connection broke, and tries again.
    static func read<Result>(_ query: () async throws -> Result) async throws -> Result {
        var waitUntil: ContinuousClock.Instant?
        while true {
            do {
                return try await query()
            } catch let error as PostgresError where error.isConnectionLoss {
                if waitUntil == nil { Terminal.warn("the connection to the server broke; trying again") }
                let limit = waitUntil ?? .now + limit
                guard .now < limit else { throw error }
                waitUntil = limit
                try await Task.sleep(for: .seconds(1))
            }
        }
    }
}
