internal import CSandbox
internal import Glibc
internal import Synchronization
internal import Threads

/// Runs blocking work on a thread of its own, so that it holds up none of the threads that all tasks share.
public enum BlockingWork {
    /// Whether the task that waits for the work has been cancelled.
    public final class Cancellation: Sendable {
        /// Readable from then on: for those who wait in poll(2).
        let descriptor: Int32
        private let flag = Atomic(false)

        init() {
            descriptor = sandbox_event()
        }

        deinit {
            if descriptor >= 0 { close(descriptor) }
        }

        public var isCancelled: Bool { flag.load(ordering: .acquiring) }

        public func check() throws {
            if isCancelled { throw CancellationError() }
        }

        func cancel() {
            flag.store(true, ordering: .releasing)
            if descriptor >= 0 { sandbox_event_raise(descriptor) }
        }
    }

    public static func run<Value: Sendable>(
        _ body: @escaping @Sendable (Cancellation) throws -> Value
    ) async throws -> Value {
        try Task.checkCancellation()
        let cancellation = Cancellation()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                do {
                    try startThread { continuation.resume(with: Result { try body(cancellation) }) }
                } catch {
                    continuation.resume(throwing: SandboxError(.system, "\(error)"))
                }
            }
        } onCancel: {
            cancellation.cancel()
        }
    }
}

/// The words for `errno`.
func systemError(_ code: Int32 = errno) -> String { String(cString: strerror(code)) }
