/// An event of a `text/event-stream`.
package struct ServerSentEvent: Sendable, Hashable {
    /// `message` unless the server named it.
    package var name: String
    package var data: String
    /// The last id that the stream has named, also by an earlier event.
    package var id: String?

    package init(name: String = "message", data: String, id: String? = nil) {
        self.name = name
        self.data = data
        self.id = id
    }
}
