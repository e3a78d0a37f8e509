internal import Synchronization

/// Wakes one waiting task; a signal that comes while nobody waits is kept, several are one.
package final class Signal: Sendable {
    private struct State {
        var isSet = false
        var wait: UInt64 = 0
        var continuation: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    package init() {}

    package func set() {
        let continuation = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let continuation = state.continuation.take() else {
                state.isSet = true
                return nil
            }
            return continuation
        }
        continuation?.resume()
    }

    /// Returns after `set`, when the time is over, or when the task is cancelled. One waiter at a time.
    package func wait(for timeout: Duration) async {
        guard timeout > .zero else { return }
        let wait = state.withLock { state -> UInt64? in
            if state.isSet {
                state.isSet = false
                return nil
            }
            state.wait += 1
            return state.wait
        }
        guard let wait else { return }
        let timer = Task {
            try await Task.sleep(for: timeout)
            self.expire(wait)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isSet = state.withLock { state in
                    guard !state.isSet else {
                        state.isSet = false
                        return true
                    }
                    state.continuation = continuation
                    return false
                }
                if isSet { continuation.resume() }
            }
        } onCancel: {
            set()
        }
        timer.cancel()
    }

    private func expire(_ wait: UInt64) {
        let continuation = state.withLock { $0.wait == wait ? $0.continuation.take() : nil }
        continuation?.resume()
    }
}
