internal import Synchronization

/// The handlers of a worker, by kind.
public final class HandlerRegistry: Sendable {
    private let handlers = Mutex<[String: TaskHandler]>([:])

    public init() {}

    /// Registers a handler that works with the context alone. A later one for the same kind takes its place.
    public func register(_ kind: String, _ handler: @escaping TaskHandler) {
        handlers.withLock { $0[kind] = handler }
    }

    /// Registers a handler with typed arguments and output.
    ///
    /// Arguments that cannot be decoded fail the task for good: trying again would not change them.
    public func register<Input: Decodable & Sendable, Output: Encodable & Sendable>(
        _ kind: String, _ handler: @escaping @Sendable (TaskContext, Input) async throws -> Output
    ) {
        register(kind) { context in
            try TaskResult.output(try await handler(context, try context.decode(Input.self)))
        }
    }

    /// Registers a handler that takes up to `size` tasks of a kind at once.
    ///
    /// A chunk runs when it is full, or `window` after its first task. Each of its tasks is claimed, counted, timed and
    /// ended by itself, so a chunk of 100 takes 100 of the worker's concurrency, and no chunk is larger than that.
    public func registerChunks(
        _ kind: String, upTo size: Int, within window: Duration = .milliseconds(10),
        _ handler: @escaping ChunkHandler
    ) {
        let collector = ChunkCollector(size: size, window: window, handler: handler)
        register(kind) { try await collector.execute($0) }
    }

    /// The original framework's word for `register`.
    public func setExecutionFunction(_ kind: String, _ function: @escaping TaskHandler) {
        register(kind, function)
    }

    /// The registered kinds, sorted.
    public var kinds: [String] { handlers.withLock { $0.keys.sorted() } }

    func handler(for kind: String) -> TaskHandler? { handlers.withLock { $0[kind] } }
}
