internal import Synchronization

/// What anyone may ask about a session without waiting for its thread.
final class SessionStatus: Sendable {
    enum State: UInt8, AtomicRepresentable {
        /// Outside any transaction: fit for the next user.
        case idle
        /// Inside a transaction, or in the middle of something.
        case busy
        /// Closed or broken.
        case dead
    }

    private let value = Atomic<State>(.idle)

    private let descriptor = Atomic<Int32>(-1)

    /// The connection's socket; -1 before it is connected.
    var socket: Int32 {
        get { descriptor.load(ordering: .acquiring) }
        set { descriptor.store(newValue, ordering: .releasing) }
    }

    var state: State {
        get { value.load(ordering: .acquiring) }
        set { value.store(newValue, ordering: .releasing) }
    }
}
