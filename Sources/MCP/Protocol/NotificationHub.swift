internal import JSON
internal import Synchronization

/// Where the notifications of a server go: progress to the request that it belongs to, and the news that the list of
/// tools has changed to whoever asks next.
final class NotificationHub: Sendable {
    private struct State {
        var progress: [Int64: @Sendable (MCPProgress) -> Void] = [:]
        var changes = 0
    }

    private let state = Mutex(State())

    /// How often the server said that its tools have changed.
    var changes: Int { state.withLock { $0.changes } }

    /// Reports of progress on a request go to `report` until `ignoreProgress`.
    func watchProgress(of request: Int64, _ report: @escaping @Sendable (MCPProgress) -> Void) {
        state.withLock { $0.progress[request] = report }
    }

    func ignoreProgress(of request: Int64) {
        state.withLock { $0.progress[request] = nil }
    }

    func receive(_ method: String, _ params: JSONValue) {
        switch method {
        case "notifications/progress":
            // The token is the id of the request.
            guard case .integer(let token)? = params["progressToken"] else { return }
            let report = state.withLock { $0.progress[token] }
            report?(
                MCPProgress(
                    progress: params["progress"]?.double ?? 0, total: params["total"]?.double,
                    message: params["message"]?.string))
        case "notifications/tools/list_changed":
            state.withLock { $0.changes += 1 }
        default:
            break
        }
    }
}
