public import Queue

/// Thrown by a handler: the task fails now, whatever attempts are left.
public struct PermanentFailure: Error, Sendable {
    public let failure: TaskFailure

    public init(_ message: String, reason: String? = nil, detail: JSONValue? = nil) {
        failure = TaskFailure(message, reason: reason, detail: detail)
    }
}
