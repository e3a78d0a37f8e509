internal import EmbeddedPostgres
internal import Synchronization
internal import Threads

#if canImport(Glibc)
    internal import Glibc
#endif

/// A process of the engine, started as a user would start it; it ends with this one at the latest.
final class BenchProcess: Sendable {
    let pid: Int32
    private let ended: AsyncStream<Void>

    private init(pid: Int32, ended: AsyncStream<Void>) {
        self.pid = pid
        self.ended = ended
    }

    /// Starts a program; `errors` is the file for what it says.
    static func start(_ arguments: [String], environment: [String: String], errors: String) async throws -> BenchProcess
    {
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        let pid: Int32 = try await withCheckedThrowingContinuation { continuation in
            do {
                // The kernel ends the child with the thread that has spawned it.
                try startThread {
                    let null = open("/dev/null", O_RDWR | O_CLOEXEC)
                    let log = open(errors, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
                    defer {
                        close(null)
                        close(log)
                        end.finish()
                    }
                    do {
                        let pid = try ChildProcess.spawn(
                            ChildProcess.boundToParent(arguments), environment: environment, input: null, output: null,
                            errors: log)
                        continuation.resume(returning: pid)
                        _ = ChildProcess.reap(pid)
                    } catch {
                        continuation.resume(throwing: error)
                    }
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
        return BenchProcess(pid: pid, ended: ended)
    }

    /// Runs a program to its end and says how long that took, in milliseconds.
    static func time(_ arguments: [String], environment: [String: String]) async throws -> Double {
        try await withCheckedThrowingContinuation { continuation in
            do {
                try startThread {
                    let null = open("/dev/null", O_RDWR | O_CLOEXEC)
                    defer { close(null) }
                    continuation.resume(
                        with: Result {
                            let start = ContinuousClock.now
                            let pid = try ChildProcess.spawn(
                                arguments, environment: environment, input: null, output: null, errors: null)
                            let status = ChildProcess.reap(pid)
                            let took = ContinuousClock.now - start
                            guard status == 0 else {
                                throw BenchError("\(arguments.joined(separator: " ")) ended with \(status)")
                            }
                            return took.milliseconds
                        })
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// Asks it to stop and waits until it has. Call it once.
    func stop() async {
        kill(pid, SIGTERM)
        for await _ in ended {}
    }
}
