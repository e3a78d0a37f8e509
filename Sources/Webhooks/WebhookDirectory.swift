internal import Queue
internal import Synchronization

/// Which webhooks there are, as the database said lately: strangers who ask for others do not reach it.
final class WebhookDirectory: Sendable {
    struct Entry: Sendable {
        let secretVariable: String
        let isPaused: Bool
    }

    private static let age: Duration = .seconds(2)

    private struct State {
        var entries: [String: Entry] = [:]
        var readAt: ContinuousClock.Instant?
        var reading: Task<Void, any Error>?
    }

    private let state = Mutex(State())
    private let read: @Sendable () async throws -> [String: Entry]

    init(_ read: @escaping @Sendable () async throws -> [String: Entry]) {
        self.read = read
    }

    func entry(_ name: String) async throws -> Entry? {
        let reading: Task<Void, any Error>? = state.withLock { state in
            if let readAt = state.readAt, ContinuousClock.now - readAt < Self.age { return nil }
            if let reading = state.reading { return reading }
            let reading = Task { try await self.refresh() }
            state.reading = reading
            return reading
        }
        try await reading?.value
        return state.withLock { $0.entries[name] }
    }

    private func refresh() async throws {
        do {
            let entries = try await read()
            state.withLock { state in
                state.entries = entries
                state.readAt = .now
                state.reading = nil
            }
        } catch {
            state.withLock { $0.reading = nil }
            throw error
        }
    }
}
