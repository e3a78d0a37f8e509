import Synchronization
import TestSupport

@testable import MCP

/// A clock that stands still until a test moves it.
final class ManualTime: Sendable {
    private struct State {
        var now: Duration = .zero
        var last = 0
        var sleepers: [Int: (until: Duration, continuation: CheckedContinuation<Void, any Error>)] = [:]
    }

    private let state = Mutex(State())

    var timekeeper: Timekeeper {
        Timekeeper(now: { self.state.withLock { $0.now } }, sleep: { try await self.sleep($0) })
    }

    /// Waits until somebody sleeps until then.
    func waitForSleeper(until moment: Duration) async throws {
        try await waitUntil("somebody who sleeps until \(moment)") {
            state.withLock { $0.sleepers.values.contains { $0.until == moment } }
        }
    }

    func advance(to moment: Duration) {
        let awake = state.withLock { state in
            state.now = moment
            let awake = state.sleepers.filter { $0.value.until <= moment }
            for id in awake.keys { state.sleepers[id] = nil }
            return awake.values.map(\.continuation)
        }
        for continuation in awake { continuation.resume() }
    }

    private func sleep(_ duration: Duration) async throws {
        let id = state.withLock { state in
            state.last += 1
            return state.last
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                state.withLock { $0.sleepers[id] = ($0.now + duration, continuation) }
                if Task.isCancelled { wake(id) }
            }
        } onCancel: {
            wake(id)
        }
    }

    private func wake(_ id: Int) {
        state.withLock { $0.sleepers.removeValue(forKey: id) }?.continuation.resume(throwing: CancellationError())
    }
}
