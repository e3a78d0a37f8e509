public import Logging

/// Listens on channels over a connection of its own, and connects again when that breaks.
///
/// The connection must reach the server directly: behind PgBouncer in transaction mode LISTEN delivers nothing.
/// A notification is a hint that may get lost, in a reconnection or when the consumer is slow, so poll too.
public struct PostgresListener: Sendable {
    /// One thing that the listener tells.
    public enum Event: Sendable, Equatable {
        /// Listening has begun, for the first time or again: look yourself for what happened until now.
        case reconnected
        case notification(PostgresNotification)
    }

    private let configuration: PostgresConfiguration
    private let channels: [String]
    private let probeInterval: Duration
    private let logger: Logger

    /// Prepares to listen; the connection is made when `notifications` is iterated.
    ///
    /// `probeInterval` is how long the connection may be silent before the server is asked whether it still lives.
    public init(
        _ configuration: PostgresConfiguration, channels: [String], probeInterval: Duration = .seconds(15),
        logger: Logger = Logger(label: "agentcorp.postgres")
    ) {
        self.configuration = configuration
        self.channels = channels
        self.probeInterval = probeInterval
        self.logger = logger
    }

    /// What comes in, until the iterating task is cancelled; each iteration has a connection of its own.
    public var notifications: PostgresNotifications { PostgresNotifications(listener: self) }

    /// Listens until the task is cancelled.
    func run(_ yield: (Event) -> Void) async {
        var backoff = ConnectBackoff()
        var isDown = false
        while !Task.isCancelled {
            do {
                if let pause = backoff.pause() { try await Task.sleep(for: pause) }
                let connection = try await PostgresConnection.connect(configuration, logger: logger)
                do {
                    try await connection.listen(channels)
                    if isDown { logger.info("listening again") }
                    isDown = false
                    backoff.succeeded()
                    yield(.reconnected)
                    try await forward(from: connection, yield)
                } catch {
                    await connection.close()
                    throw error
                }
            } catch {
                guard !Task.isCancelled else { return }
                backoff.failed()
                logger.log(
                    level: isDown ? .debug : .warning, "listening failed, connecting again",
                    metadata: ["error": "\(error)"])
                isDown = true
            }
        }
    }

    private func forward(from connection: PostgresConnection, _ yield: (Event) -> Void) async throws {
        while true {
            let notifications = try await connection.notifications(within: probeInterval)
            for notification in notifications { yield(.notification(notification)) }
            // A half-open connection is silent too, so silence is not trusted.
            if notifications.isEmpty, !(await connection.isResponsive(within: min(probeInterval, .seconds(5)))) {
                throw PostgresError(.connectionLost, "the server does not answer")
            }
        }
    }
}
