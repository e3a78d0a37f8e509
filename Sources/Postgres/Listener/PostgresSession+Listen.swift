internal import CLibpq

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

extension PostgresSession {
    /// Waits up to `duration` for notifications; none may have come when it returns.
    func waitForNotifications(_ duration: Duration) throws(PostgresError) -> [PostgresNotification] {
        try begin(Operation(timeout: nil))
        let deadline = ContinuousClock.now + duration
        while true {
            takeNotifications()
            if !notifications.isEmpty {
                defer { notifications = [] }
                return notifications
            }
            if Task.isCancelled { throw PostgresError(.cancelled, "the task was cancelled while it listened") }
            let left = deadline - .now
            guard left > .zero else { return [] }
            if try pollOnce(left.pollMilliseconds, socketEvents: POLLIN), PQconsumeInput(connection) == 0 {
                abandon()
                throw PostgresError(.connectionLost, connection: connection)
            }
        }
    }

    /// Empties libpq's list, so that it does not grow.
    func takeNotifications() {
        while let notification = PQnotifies(connection) {
            if isListening {
                notifications.append(
                    PostgresNotification(
                        channel: String(cString: notification.pointee.relname),
                        payload: String(cString: notification.pointee.extra),
                        processID: notification.pointee.be_pid))
            }
            PQfreemem(notification)
        }
    }
}
