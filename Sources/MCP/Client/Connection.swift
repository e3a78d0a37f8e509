internal import JSON
internal import Synchronization

/// A server that is ready, and what was agreed with it.
final class Connection: Sendable {
    let transport: any Transport
    let outcome: Negotiation.Outcome
    let hub: NotificationHub
    private let ids: RequestIDs

    init(_ transport: any Transport, _ outcome: Negotiation.Outcome, _ hub: NotificationHub, _ ids: RequestIDs) {
        self.transport = transport
        self.outcome = outcome
        self.hub = hub
        self.ids = ids
    }

    /// Whether it says by itself when its tools change.
    var announcesChanges: Bool {
        !outcome.revision.isModern && outcome.capabilities["tools"]?["listChanged"] == true
    }

    /// Sends a request and waits for its answer, at most as long as the limits say.
    func send(
        _ method: String, _ params: [String: JSONValue], headers: [(name: String, value: String)] = [],
        _ deadline: Deadline, onProgress: (@Sendable (MCPProgress) -> Void)? = nil,
        late: @escaping @Sendable (Duration) -> any Error
    ) async throws -> JSONValue {
        let id = ids.next()
        var params = params
        if let onProgress {
            var meta: [String: JSONValue] = [:]
            if case .object(let given)? = params["_meta"] { meta = given }
            meta["progressToken"] = .integer(id)
            params["_meta"] = .object(meta)
            hub.watchProgress(of: id) { progress in
                deadline.extend()
                onProgress(progress)
            }
        }
        defer { hub.ignoreProgress(of: id) }
        if outcome.revision.isModern { params = RequestMeta.modern(params) }
        let request = RPCRequest(id: id, method: method, params: params, headers: headers)
        return try await deadline.run({ try await self.transport.send(request) }, late: late)
    }
}

/// The ids of requests: never one twice, whatever the connection.
final class RequestIDs: Sendable {
    private let last = Mutex<Int64>(0)

    func next() -> Int64 {
        last.withLock { last in
            last += 1
            return last
        }
    }
}
