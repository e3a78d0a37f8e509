internal import Synchronization

/// When each task was enqueued, and when it started: by a handler's first line, or with the claimed row in hand.
final class TaskTimes: Sendable {
    private struct State {
        var enqueued: [Int64: (begun: ContinuousClock.Instant, ended: ContinuousClock.Instant)] = [:]
        var started: [Int64: ContinuousClock.Instant] = [:]
    }

    private let state = Mutex(State())

    /// Notes that a task has started now.
    func start(_ task: Int64) {
        let now = ContinuousClock.now
        state.withLock { $0.started[task] = now }
    }

    /// Notes that the call has just returned which enqueued a task.
    func enqueue(_ task: Int64, begun: ContinuousClock.Instant) {
        let now = ContinuousClock.now
        state.withLock { $0.enqueued[task] = (begun, now) }
    }

    func hasStarted(_ task: Int64) -> Bool { state.withLock { $0.started[task] != nil } }

    var startedCount: Int { state.withLock { $0.started.count } }

    /// From each call that enqueued to the start of its task, in milliseconds. Throws when one has not started.
    func latencies() throws -> [Double] {
        try state.withLock { state in
            try state.enqueued.map { task, call in
                guard let started = state.started[task] else { throw BenchError("task \(task) has not started") }
                return (started - call.begun).milliseconds
            }
        }
    }

    /// Enqueued per second, by all clients together.
    var enqueueRate: Double {
        state.withLock { state in
            let calls = state.enqueued.values
            guard let first = calls.map(\.begun).min(), let last = calls.map(\.ended).max() else { return .nan }
            return Double(calls.count) / (last - first).seconds
        }
    }

    /// From each start to the next in the order of ids, in milliseconds. Throws when that was not the order of starts.
    func hops() throws -> [Double] {
        let starts = state.withLock { $0.started }.sorted { $0.key < $1.key }.map(\.value)
        return try zip(starts, starts.dropFirst()).map { before, after in
            guard before <= after else { throw BenchError("a task of the chain started before the one that it needs") }
            return (after - before).milliseconds
        }
    }
}
