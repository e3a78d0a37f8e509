public import Postgres

/// Adds tasks, steers them, and looks at them: the typed shell over the SQL functions, one method to one function.
///
/// Give it a pool, or a connection when the calls belong to your own transaction. All methods throw `QueueError` for
/// what the functions refuse and `PostgresError` for the rest.
public struct TaskManager: Sendable {
    /// A tree may have 100,000 tasks: calls that touch whole trees get more time than others.
    static let treeDeadline = Duration.seconds(600)

    package let database: any Database
    let coder: PayloadCoder

    /// - Parameter cipher: Encrypts arguments, and decrypts what is read; nil for plain payloads.
    public init(_ database: any Database, cipher: (any PayloadCipher)? = nil) {
        self.database = database
        coder = PayloadCoder(cipher)
    }

    /// Adds one task and returns its id.
    @discardableResult
    public func enqueue(_ task: TaskRequest) async throws -> Int64 {
        let result = try await database.call(
            """
            select agentcorp.enqueue($1, $2, $3, $4, coalesce($5, agentcorp.clock() + $15), $6, $7, $8, $9, $10, $11, $12, $13, $14,
                concurrency_key => $16, ordered_key => $17, tenant => $18)
            """,
            [
                task.kind, try coder.seal(task.args, for: .args), task.queue, Int32(clamping: task.priority),
                task.runAt.map { PostgresTimestamp($0) }, Int32(clamping: task.maxAttempts), task.timeout, task.backoff,
                task.uniqueKey, task.onConflict.rawValue, task.parentID, task.needs.isEmpty ? nil : task.needs,
                task.tags.isEmpty ? nil : task.tags, task.name, task.delay,
                task.concurrencyKey, task.orderedKey, task.tenant,
            ])
        return try result.rows[0].int64(0)
    }

    /// Adds an array of tasks, `[{"kind": ..., "args": ...}, ...]`, and returns their ids in order.
    @discardableResult
    public func enqueueMany(_ tasks: PostgresJSON) async throws -> [Int64] {
        let result = try await database.call(
            "select * from agentcorp.enqueue_many($1)", [try coder.seal(tasks: tasks)], deadline: Self.treeDeadline)
        return try result.rows.map { row throws in try row.int64(0) }
    }

    /// Adds a task with nested `subtasks` in one transaction and returns its id. A task runs after its subtasks.
    @discardableResult
    public func enqueueTree(_ tree: PostgresJSON, uniqueKey: String? = nil) async throws -> Int64 {
        let result = try await database.call(
            "select agentcorp.enqueue_tree($1, unique_key => $2)", [try coder.seal(tasks: tree), uniqueKey],
            deadline: Self.treeDeadline)
        return try result.rows[0].int64(0)
    }

    /// Adds a task that is made of subtasks, `[{"kind": ...}, ...]`, and described in words.
    @discardableResult
    public func addComplexTask(_ description: String, subtasks: PostgresJSON) async throws -> Int64 {
        let result = try await database.call(
            "select agentcorp.add_complex_task($1, $2)", [description, try coder.seal(tasks: subtasks)])
        return try result.rows[0].int64(0)
    }

    /// Adds a tree in which each subtask starts after the one before it, and returns the id of the whole.
    @discardableResult
    public func executeTaskSequentially(_ description: String, subtasks: [JSONValue]) async throws -> Int64 {
        try await enqueueTree(
            JSONCoding.encode(
                JSONValue.object([
                    "name": .string(description), "kind": "noop", "sequential": true, "subtasks": .array(subtasks),
                ])))
    }

    /// Adds a subtask to an open task, which then ends only after it. One with a name is added once.
    @discardableResult
    public func addSubtask(_ task: TaskRequest, to parent: Int64) async throws -> Int64 {
        var task = task
        task.parentID = parent
        return try await enqueue(task)
    }

    /// Adds subtasks, which may need each other by name and have subtasks, to an open task at once.
    @discardableResult
    public func addSubtasks(_ subtasks: PostgresJSON, to parent: Int64) async throws -> [Int64] {
        let result = try await database.call(
            "select * from agentcorp.add_subtasks($1, $2)", [parent, try coder.seal(tasks: subtasks)],
            deadline: Self.treeDeadline)
        return try result.rows.map { row throws in try row.int64(0) }
    }

    /// Makes a task that has not started wait for another one.
    public func addDependency(of task: Int64, on needed: Int64) async throws {
        _ = try await database.call("select agentcorp.add_dependency($1, $2)", [task, needed])
    }
}
