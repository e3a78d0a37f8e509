internal import CLibpq
internal import Logging
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

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
        let context = Unmanaged.passRetained(self).toOpaque()
        #if canImport(Glibc)
            var thread = pthread_t()
            let status = pthread_create(&thread, nil, { CancelRequest.main($0!) }, context)
            let started: pthread_t? = status == 0 ? thread : nil
        #else
            var thread: pthread_t?
            let status = pthread_create(&thread, nil, { CancelRequest.main($0) }, context)
            let started = status == 0 ? thread : nil
        #endif
        guard let started else {
            Unmanaged<CancelRequest>.fromOpaque(context).release()
            PQfreeCancel(request)
            return nil
        }
        pthread_detach(started)
    }

    private static func main(_ context: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        Unmanaged<CancelRequest>.fromOpaque(context).takeRetainedValue().run()
        return nil
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
