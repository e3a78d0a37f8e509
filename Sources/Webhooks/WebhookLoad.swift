internal import NIOCore
internal import Synchronization

/// What a server has to do at the moment, and the bounds of that.
final class WebhookLoad: Sendable {
    private struct State {
        var connections: [ObjectIdentifier: any Channel] = [:]
        var isStopping = false
        var pending = 0
        var held = 0
    }

    private let state = Mutex(State())
    private let maxPending: Int
    private let maxHeld: Int

    init(maxPending: Int, maxHeld: Int) {
        self.maxPending = maxPending
        self.maxHeld = maxHeld
    }

    var isStopping: Bool { state.withLock { $0.isStopping } }
    var connections: [any Channel] { state.withLock { Array($0.connections.values) } }

    func add(_ channel: any Channel) {
        state.withLock { $0.connections[ObjectIdentifier(channel)] = channel }
    }

    func remove(_ channel: any Channel) {
        state.withLock { $0.connections[ObjectIdentifier(channel)] = nil }
    }

    func stop() {
        state.withLock { $0.isStopping = true }
    }

    /// False: there is no room for so many bytes more.
    func hold(_ bytes: Int) -> Bool {
        state.withLock { state in
            guard state.held + bytes <= maxHeld else { return false }
            state.held += bytes
            return true
        }
    }

    func release(_ bytes: Int) {
        state.withLock { $0.held -= bytes }
    }

    /// False: too many requests are at it.
    func begin() -> Bool {
        state.withLock { state in
            guard state.pending < maxPending else { return false }
            state.pending += 1
            return true
        }
    }

    func end() {
        state.withLock { $0.pending -= 1 }
    }
}
