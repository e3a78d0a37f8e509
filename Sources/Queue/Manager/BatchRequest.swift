public import Postgres

/// A batch to be created: a group of tasks that may grow while it runs, and what follows when it has settled.
public struct BatchRequest: Sendable {
    public var name: String?
    /// An array as for `TaskManager.enqueueMany`, whose elements may have subtasks and need each other by name. With
    /// tasks, also with none of them, the batch is sealed at once; nil leaves it open until `sealBatch`.
    public var tasks: PostgresJSON?
    /// The task that follows when all have succeeded, `{"kind": ..., "args": {...}}`. The arguments of these tasks are
    /// never encrypted, because the database adds the summary of the batch to them.
    public var onComplete: PostgresJSON?
    /// The task that follows when all have ended, and one did not succeed.
    public var onFailure: PostgresJSON?
    /// The task that always follows, also when the batch was cancelled.
    public var onSettled: PostgresJSON?
    /// Decides whether the batch is sealed, where `tasks` should not.
    public var isSealed: Bool?
    /// An open task, or another batch, that ends only after this batch.
    public var parentID: Int64?
    public var uniqueKey: String?
    public var queue = "default"
    public var tags: [String] = []
    /// Also of its tasks, where they name no other.
    public var tenant: String?

    public init(_ name: String? = nil, tasks: PostgresJSON? = nil) {
        self.name = name
        self.tasks = tasks
    }
}
