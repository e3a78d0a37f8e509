/// An event of a `text/event-stream`.
struct ServerSentEvent: Sendable, Hashable {
    /// `message` unless the server named it.
    var name = "message"
    var data = ""
}
