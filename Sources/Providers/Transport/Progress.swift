internal import Synchronization

/// How far an answer has come, for whoever watches over it.
final class Progress: Sendable {
    private struct State {
        var waitingSince: ContinuousClock.Instant?
        var hasOutput = false
        var response: ChatResponse?
    }

    private let state = Mutex(State())

    /// After the server has said that nothing more comes, it has so long to close the answer: then the connection can
    /// be used again.
    private static let drain: Duration = .milliseconds(250)

    func wait() { state.withLock { $0.waitingSince = .now } }
    func stopWaiting() { state.withLock { $0.waitingSince = nil } }
    func emit() { state.withLock { $0.hasOutput = true } }
    func complete(_ response: ChatResponse) { state.withLock { $0.response = response } }

    /// Whether somebody has been told a part of the answer.
    var hasOutput: Bool { state.withLock { $0.hasOutput } }
    /// The whole answer, once it is there.
    var response: ChatResponse? { state.withLock { $0.response } }

    func isOverdue(idle: Duration, now: ContinuousClock.Instant) -> Bool {
        state.withLock { state in
            guard let since = state.waitingSince else { return false }
            return now - since >= (state.response == nil ? idle : Self.drain)
        }
    }
}
