internal import CLibpq
internal import Logging
internal import Synchronization
internal import Threads

/// Asks the server over a connection of its own to cancel the statement that another connection runs.
///
/// `PQcancel` has no time limit and cannot be interrupted, so it gets a thread; whoever waits is woken when it is done.
///
/// `@unchecked Sendable`: `request` belongs to the thread, which frees it.
final class CancelRequest: @unchecked Sendable {
    private let request: OpaquePointer
    private let wakeup: Wakeup
    private let logger: Logger
    private let done = Atomic(false)

    /// Whether the request has been delivered, or has failed.
    var isDone: Bool { done.load(ordering: .acquiring) }

    /// Sends the request for whatever the connection is running now.
    init?(_ connection: OpaquePointer, wakeup: Wakeup, logger: Logger) {
        guard let request = PQgetCancel(connection) else { return nil }
        self.request = request
        self.wakeup = wakeup
        self.logger = logger
        do {
            try startThread { self.run() }
        } catch {
            PQfreeCancel(request)
            return nil
        }
    }

    private func run() {
        var message = [CChar](repeating: 0, count: 256)
        if PQcancel(request, &message, Int32(message.count)) == 0 {
            let reason = message.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
            logger.debug("cancel request failed", metadata: ["reason": "\(reason)"])
        }
        PQfreeCancel(request)
        done.store(true, ordering: .releasing)
        wakeup.signal()
    }
}
