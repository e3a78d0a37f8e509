// A pooled connection does not listen; `PostgresListener` has one of its own.
extension PostgresConnection {
    func listen(_ channels: [String]) async throws {
        try openSession().isListening = true
        try await script(channels.map { "LISTEN \($0.quotedIdentifier)" }.joined(separator: ";"))
    }

    /// Waits up to `duration` for notifications; none may have come when it returns.
    func notifications(within duration: Duration) async throws -> [PostgresNotification] {
        try await interruptible { try $0.waitForNotifications(duration) }
    }
}
