import Glibc
import UnixSignals

/// Ctrl-C while something is watched.
enum Interruption {
    /// Runs `body` until it ends or the user interrupts it; nil when interrupted.
    ///
    /// A second Ctrl-C ends the process at once.
    static func race<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                for await _ in signals { break }
                return nil
            }
            defer { group.cancelAll() }
            let result = try await group.next() ?? nil
            if result == nil {
                signal(SIGINT, SIG_DFL)
                signal(SIGTERM, SIG_DFL)
            }
            return result
        }
    }
}
