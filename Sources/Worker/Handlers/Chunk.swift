internal import Queue
internal import Synchronization

/// Tasks that are executed together. It takes members until it is full or has waited long enough.
final class Chunk: Sendable {
    typealias Execution = Task<[Int: Result<TaskResult, any Error>], any Error>

    private struct State {
        var members: [TaskContext]
        /// Members that were told to stop.
        var stopped: Set<Int> = []
        var isClosed = false
        var execution: Execution?
    }

    private let size: Int
    private let state: Mutex<State>
    private let full = Signal()

    init(_ first: TaskContext, size: Int, window: Duration, handler: @escaping ChunkHandler) {
        self.size = size
        state = Mutex(State(members: [first]))
        state.withLock { state in
            state.execution = Task {
                if size > 1 { await self.full.wait(for: window) }
                return try await self.run(handler)
            }
        }
    }

    /// Takes another task in, and returns its number; nil when the chunk takes no more.
    func join(_ context: TaskContext) -> Int? {
        let member = state.withLock { state -> Int? in
            guard !state.isClosed, state.members.count < size else { return nil }
            state.members.append(context)
            return state.members.count - 1
        }
        if member == size - 1 { full.set() }
        return member
    }

    /// How a member ended.
    func result(of member: Int) async throws -> TaskResult {
        guard let execution = state.withLock({ $0.execution }) else { throw CancellationError() }
        return try await withTaskCancellationHandler {
            guard let result = try await execution.value[member] else { throw CancellationError() }
            return try result.get()
        } onCancel: {
            stop(member)
        }
    }

    /// Tells that a member is to stop. Only a chunk all of whose members are is stopped itself.
    func stop(_ member: Int) {
        let abandoned = state.withLock { state -> Execution? in
            state.stopped.insert(member)
            guard state.stopped.count == state.members.count else { return nil }
            state.isClosed = true
            return state.execution
        }
        abandoned?.cancel()
    }

    private func run(_ handler: ChunkHandler) async throws -> [Int: Result<TaskResult, any Error>] {
        let members = state.withLock { state in
            state.isClosed = true
            return state.members.enumerated().filter { !state.stopped.contains($0.offset) }
        }
        guard !members.isEmpty else { return [:] }
        let results = try await handler(members.map(\.element))
        guard results.count == members.count else {
            throw PermanentFailure(
                "the handler of a chunk returned \(results.count) results for \(members.count) tasks", reason: "chunk")
        }
        return Dictionary(uniqueKeysWithValues: zip(members.map(\.offset), results))
    }
}
