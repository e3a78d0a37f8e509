internal import Synchronization

/// Resumes a continuation with the first outcome that is reported, and ignores later ones.
final class FirstOutcome: Sendable {
    private enum State {
        case waiting
        case started(CheckedContinuation<Void, any Error>)
        case finished((any Error)?)
    }

    private let state = Mutex(State.waiting)

    func start(_ continuation: CheckedContinuation<Void, any Error>) {
        let early: (any Error)?? = state.withLock { state in
            if case .finished(let error) = state { return .some(error) }
            state = .started(continuation)
            return nil
        }
        if let early { FirstOutcome.resume(continuation, early) }
    }

    func finish(_ error: (any Error)?) {
        let continuation: CheckedContinuation<Void, any Error>? = state.withLock { state in
            switch state {
            case .waiting:
                state = .finished(error)
                return nil
            case .started(let continuation):
                state = .finished(error)
                return continuation
            case .finished:
                return nil
            }
        }
        if let continuation { FirstOutcome.resume(continuation, error) }
    }

    private static func resume(_ continuation: CheckedContinuation<Void, any Error>, _ error: (any Error)?) {
        if let error { continuation.resume(throwing: error) } else { continuation.resume() }
    }
}
