/// A task that a worker holds: what the claim returned.
public struct ClaimedTask: Sendable {
    /// The claimed batch that it belongs to.
    public let claimID: Int64
    public let id: Int64
    public let parentID: Int64?
    public let rootID: Int64
    /// Counts from 1; `(id, attempt)` is the fence and the idempotency key.
    public let attempt: Int16
    public let priority: Int16
    public let shard: Int16
    public let kind: String
    /// The arguments as JSON, undecoded.
    package(set) public var args: [UInt8]
    /// Whether they lie encrypted in the database: then nothing of them may be written there in the clear.
    package(set) public var argsWereEncrypted = false
    /// The policy as JSON; nil when all is as by default.
    public let policy: [UInt8]?

    public init(
        claimID: Int64, id: Int64, parentID: Int64?, rootID: Int64, attempt: Int16, priority: Int16,
        shard: Int16, kind: String, args: [UInt8], policy: [UInt8]?
    ) {
        self.claimID = claimID
        self.id = id
        self.parentID = parentID
        self.rootID = rootID
        self.attempt = attempt
        self.priority = priority
        self.shard = shard
        self.kind = kind
        self.args = args
        self.policy = policy
    }
}
