internal import Synchronization

/// Brings the tasks of one kind together in chunks.
final class ChunkCollector: Sendable {
    private let size: Int
    private let window: Duration
    private let handler: ChunkHandler
    private let latest = Mutex<Chunk?>(nil)

    init(size: Int, window: Duration, handler: @escaping ChunkHandler) {
        self.size = max(1, size)
        self.window = window
        self.handler = handler
    }

    /// Executes a task together with those that come within the window.
    func execute(_ context: TaskContext) async throws -> TaskResult {
        let (chunk, member) = latest.withLock { latest -> (Chunk, Int) in
            if let chunk = latest, let member = chunk.join(context) { return (chunk, member) }
            let chunk = Chunk(context, size: size, window: window, handler: handler)
            latest = chunk
            return (chunk, 0)
        }
        return try await chunk.result(of: member)
    }
}
