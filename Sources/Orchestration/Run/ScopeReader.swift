internal import Synchronization

/// Reads what expressions speak of, in one call for all tasks that ask while the last call is under way.
///
/// A worker prepares as many tasks at once as it may run; a round trip for each would cost more than the tasks themselves.
final class ScopeReader: Sendable {
    /// No state outlives a call, so one serves all workers of a process.
    static let shared = ScopeReader()

    private static let mostAtOnce = 1000

    private struct Request {
        let keys: Set<ScopeKey>
        let answer: CheckedContinuation<[(ScopeKey, Result<ScopeValue, any Error>?)], any Error>
    }

    /// Who waits, by the pool of the connections to ask on; without a call under way there is no entry.
    private let waiting = Mutex<[ObjectIdentifier: [Request]]>([:])

    private init() {}

    /// Those of the values that are there.
    func values(_ keys: Set<ScopeKey>, _ link: PlanLink) async throws -> [ScopeKey: ScopeValue] {
        let found = try await withCheckedThrowingContinuation { continuation in
            let request = Request(keys: keys, answer: continuation)
            let isFirst = waiting.withLock { waiting in
                guard waiting[link.source] == nil else {
                    waiting[link.source]?.append(request)
                    return false
                }
                waiting[link.source] = []
                return true
            }
            if isFirst { Task { await self.read(request, link) } }
        }
        return try found.reduce(into: [:]) { $0[$1.0] = try $1.1?.get() }
    }

    private func read(_ first: Request, _ link: PlanLink) async {
        var requests = [first]
        while !requests.isEmpty {
            do {
                let found = try await link.values(requests.reduce(into: []) { $0.formUnion($1.keys) })
                for request in requests { request.answer.resume(returning: request.keys.map { ($0, found[$0]) }) }
            } catch {
                for request in requests { request.answer.resume(throwing: error) }
            }
            requests = next(link.source)
        }
    }

    /// The requests of the next call; none ends the reading.
    private func next(_ source: ObjectIdentifier) -> [Request] {
        waiting.withLock { waiting in
            let line = waiting[source] ?? []
            var keys = 0
            let next = line.prefix { request in
                defer { keys += request.keys.count }
                return keys < Self.mostAtOnce
            }
            waiting[source] = line.isEmpty ? nil : Array(line.dropFirst(next.count))
            return Array(next)
        }
    }
}
