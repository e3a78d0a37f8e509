internal import Queue
internal import Synchronization

/// The handlers of a worker, by kind.
public final class HandlerRegistry: Sendable {
    private let handlers = Mutex<[String: TaskHandler]>([:])
    private let preparations = Mutex<[Preparation]>([])

    private struct Preparation {
        /// How arguments begin that are to be prepared.
        let prefix: [UInt8]
        let prepare: TaskPreparation
    }

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

    /// Has tasks prepared, of whatever kind, whose arguments are an object with this member alone.
    ///
    /// So arguments can be a note of where they come from, and handlers need not know.
    public func prepare(argumentsWith member: String, _ prepare: @escaping TaskPreparation) {
        preparations.withLock { $0.append(Preparation(prefix: Array("{\"\(member)\":".utf8), prepare: prepare)) }
    }

    func prepared(_ handler: @escaping TaskHandler, for task: ClaimedTask) -> TaskHandler {
        let preparation = preparations.withLock { $0.first { task.args.starts(with: $0.prefix) } }
        guard let preparation else { return handler }
        return { context in
            switch try await preparation.prepare(context) {
            case .run(let args, let areSecret, let timeLeft):
                context.suspension.limit(to: timeLeft)
                return try await handler(context.with(args: args, areSecret: areSecret))
            case .end(let result): return result
            }
        }
    }

    /// The registered kinds, sorted.
    public var kinds: [String] { handlers.withLock { $0.keys.sorted() } }

    func handler(for kind: String) -> TaskHandler? { handlers.withLock { $0[kind] } }
}
