public import Queue

/// Thrown by a handler: the attempt failed, and the handler decides how long to wait before the next one.
public struct RetryAfter: Error, Sendable {
    public let delay: Duration
    public let failure: TaskFailure

    public init(_ delay: Duration, _ message: String, reason: String? = nil, detail: JSONValue? = nil) {
        self.delay = delay
        failure = TaskFailure(message, reason: reason, detail: detail)
    }
}
