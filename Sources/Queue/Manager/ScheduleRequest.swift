public import Postgres

/// A schedule to be set. Everything but name, cron expression and kind is optional.
public struct ScheduleRequest: Sendable {
    /// What happens to the moments that were missed while no coordinator ran, or during a pause.
    public enum CatchUp: String, Sendable, CaseIterable {
        /// They are skipped.
        case none
        /// The newest of them fires.
        case latest
        /// All of them fire, one after the other.
        case all
    }

    /// What happens when the task of the last fire is still open.
    public enum Overlap: String, Sendable, CaseIterable {
        /// Nothing is enqueued.
        case skip
        /// The new task runs after it, however it ends.
        case queue
        /// It is cancelled.
        case cancelRunning = "cancel_running"
    }

    /// Letters, digits, `_`, `.`, `/` and `-`, at most 100.
    public var name: String
    /// Five fields, `@daily` and the like, or an interval such as `every 15m`.
    public var cron: String
    public var kind: String
    /// A JSON document of at most 256 KiB.
    public var args: PostgresJSON
    /// A name that the server knows, such as `Europe/Berlin`.
    public var timeZone = "UTC"
    public var catchUp: CatchUp = .none
    public var overlap: Overlap = .skip
    /// Each task starts later by a part of this that depends on name and moment only; at most a day.
    public var jitter = Duration.zero
    public var queue = "default"
    /// 0 is the most urgent, 9 the least.
    public var priority = 4
    /// 1 to 1000.
    public var maxAttempts = 10
    public var timeout: Duration?
    /// `[exponential|linear|fixed] BASE[..CAP] [jitter FRACTION]`; by default exponential 1s..1h jitter 0.2.
    public var backoff: String?
    public var tags: [String] = []
    public var description: String?
    /// As in `TaskRequest`.
    public var concurrencyKey: String?
    /// As in `TaskRequest`.
    public var orderedKey: String?
    /// As in `TaskRequest`.
    public var tenant: String?

    public init(_ name: String, cron: String, kind: String, args: PostgresJSON = PostgresJSON("{}")) {
        self.name = name
        self.cron = cron
        self.kind = kind
        self.args = args
    }
}
