/// One execution of one task: the fence and the idempotency key.
public struct AttemptKey: Sendable, Hashable {
    public let task: Int64
    public let attempt: Int16

    public init(task: Int64, attempt: Int16) {
        self.task = task
        self.attempt = attempt
    }
}
