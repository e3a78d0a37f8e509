internal import CSandbox
internal import Glibc
internal import Synchronization

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
                let started = start { continuation.resume(with: Result { try body(cancellation) }) }
                if !started {
                    continuation.resume(throwing: SandboxError(.system, "cannot start a thread: \(systemError())"))
                }
            }
        } onCancel: {
            cancellation.cancel()
        }
    }

    private final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(body))
        let code = pthread_create(
            &thread, nil,
            {
                Unmanaged<Box>.fromOpaque($0!).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            box.release()
            errno = code
            return false
        }
        pthread_detach(thread)
        return true
    }
}

/// The words for `errno`.
func systemError(_ code: Int32 = errno) -> String { String(cString: strerror(code)) }
