internal import Postgres

/// Sends a notification and waits for it where workers would listen.
struct ListenCheck {
    let pool: PostgresPool
    let listener: PostgresConfiguration?
    let deadline: Duration

    private static let channel = "agentcorp_doctor"

    func run() async throws -> Finding {
        guard let listener else {
            return Finding(
                "listen", .note, "workers behind this pooler only poll",
                mend: "With --direct-database, the server's own address, they pick work up at once.")
        }
        let took = try await withThrowingTaskGroup(of: Duration?.self) { group in
            group.addTask { try await roundTrip(listener) }
            group.addTask {
                try await Task.sleep(for: deadline)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        guard let took else {
            return Finding(
                "listen", .warning, "a notification sent to \(listener) did not arrive within \(deadline)",
                mend:
                    "Workers only poll. Give the server's own address with --direct-database: a pooler in transaction "
                    + "mode delivers none.")
        }
        let milliseconds = Int((took / .milliseconds(1)).rounded())
        return Finding("listen", .ok, "notifications arrive, the last one in \(milliseconds) ms")
    }

    private func roundTrip(_ listener: PostgresConfiguration) async throws -> Duration? {
        let token = "\(UInt64.random(in: 0...UInt64.max))"
        var sent = ContinuousClock.now
        for await event in PostgresListener(listener, channels: [Self.channel]).notifications {
            switch event {
            case .reconnected:
                sent = ContinuousClock.now
                _ = try await pool.query("select pg_notify($1, $2)", [Self.channel, token])
            case .notification(let notification):
                if notification.payload == token { return ContinuousClock.now - sent }
            }
        }
        return nil
    }
}
