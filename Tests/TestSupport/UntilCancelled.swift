/// Suspends until the task is cancelled, or the process killed: what a handler does that would never end by itself.
///
/// - Throws: `CancellationError`, always.
public func untilCancelled() async throws -> Never {
    let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
    for await _ in stream {}
    withExtendedLifetime(continuation) {}
    throw CancellationError()
}
