public import FoundationEssentials
public import Postgres

/// A task to be enqueued. Everything but the kind is optional.
public struct TaskRequest: Sendable {
    /// What happens when an open task holds the unique key already.
    public enum ConflictPolicy: String, Sendable {
        /// The existing task is returned, and nothing is added.
        case returnExisting = "return"
        /// `QueueError` with code `keyTaken`.
        case reject
        /// The existing task is cancelled unless it runs already; the new one takes its time.
        case replace
        /// As `replace`, with the new task's own time: the clock starts again with each call.
        case debounce
    }

    public var kind: String
    /// A JSON document of at most 64 MiB, unless the database says otherwise.
    public var args: PostgresJSON
    public var queue = "default"
    /// 0 is the most urgent, 9 the least.
    public var priority = 4
    public var runAt: Date?
    /// How long to wait before the first run, by the server's clock; `runAt` wins over it.
    public var delay: Duration?
    /// 1 to 1000.
    public var maxAttempts = 10
    public var timeout: Duration?
    /// `[exponential|linear|fixed] BASE[..CAP] [jitter FRACTION]`; by default exponential 1s..1h jitter 0.2.
    public var backoff: String?
    public var uniqueKey: String?
    public var onConflict: ConflictPolicy = .returnExisting
    public var parentID: Int64?
    /// Tasks that must have completed before this one may run.
    public var needs: [Int64] = []
    public var tags: [String] = []
    public var name: String?
    /// At most so many tasks with this key run at once as its limit says; one where there is no limit. 1 to 200 characters.
    public var concurrencyKey: String?
    /// Tasks of a queue with this key run one after the other, in the order in which they were added. 1 to 200 characters.
    public var orderedKey: String?
    /// Tenants of a queue are served in turns; a subtask has its parent's. 1 to 200 characters.
    public var tenant: String?

    public init(_ kind: String, args: PostgresJSON = PostgresJSON("{}")) {
        self.kind = kind
        self.args = args
    }

    /// Encodes the arguments as JSON. Throws `EncodingError`.
    public init(_ kind: String, args: some Encodable) throws {
        self.init(kind, args: try JSONCoding.encode(args))
    }
}
