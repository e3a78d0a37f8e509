internal import JSON
internal import NIOHTTP1

/// What a client is told.
struct WebhookAnswer: Sendable {
    let status: HTTPResponseStatus
    let body: JSONValue
    /// In seconds; nil: nothing is said of trying again.
    var retryAfter: Int?

    static func started(run: Int64, isNew: Bool) -> WebhookAnswer {
        WebhookAnswer(status: .accepted, body: ["run": .integer(run), "new": .bool(isNew)])
    }

    static func refused(_ status: HTTPResponseStatus, _ message: String, retryAfter: Int? = nil) -> WebhookAnswer {
        WebhookAnswer(status: status, body: ["error": .string(message)], retryAfter: retryAfter)
    }

    static let notFound = refused(.notFound, "there is no such webhook")
    static let tooLarge = refused(.payloadTooLarge, "the body is too large")
    static let busy = refused(.tooManyRequests, "too many requests at once; try again", retryAfter: 1)
    static let unavailable = refused(.serviceUnavailable, "not now; try again", retryAfter: 5)
}
