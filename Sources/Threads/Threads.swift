#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The system gives no thread; says why.
package struct ThreadError: Error, CustomStringConvertible {
    package let description: String
}

/// Runs something that blocks on a thread of its own, which ends with it.
package func startThread(_ body: @escaping @Sendable () -> Void) throws(ThreadError) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let box = Unmanaged.passRetained(Box(body))
    #if canImport(Glibc)
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            {
                Unmanaged<Box>.fromOpaque($0!).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        let started: pthread_t? = code == 0 ? thread : nil
    #else
        var started: pthread_t?
        let code = pthread_create(
            &started, nil,
            {
                Unmanaged<Box>.fromOpaque($0).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
    #endif
    guard code == 0, let started else {
        box.release()
        throw ThreadError(description: "cannot start a thread: \(String(cString: strerror(code)))")
    }
    pthread_detach(started)
}
