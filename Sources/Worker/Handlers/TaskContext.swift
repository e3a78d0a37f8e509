public import Logging
public import Postgres
public import Queue

/// What a handler gets: its task, and what it may do while it runs.
public struct TaskContext: Sendable {
    public let task: ClaimedTask
    /// The pool of the worker; also for the handler's own queries.
    public let pool: PostgresPool
    let worker: Int64
    let suspension = TaskSuspension.Note()
    private let cipher: (any PayloadCipher)?
    private let baseLogger: Logger

    init(
        task: ClaimedTask, pool: PostgresPool, worker: Int64, cipher: (any PayloadCipher)? = nil, logger: Logger
    ) {
        self.task = task
        self.pool = pool
        self.worker = worker
        self.cipher = cipher
        baseLogger = logger
    }

    /// `(task, attempt)`: use it as the idempotency key of effects outside.
    public var key: AttemptKey { AttemptKey(task: task.id, attempt: task.attempt) }

    /// Carries task, attempt and kind.
    public var logger: Logger {
        var logger = baseLogger
        logger[metadataKey: "task"] = "\(task.id)"
        logger[metadataKey: "attempt"] = "\(task.attempt)"
        logger[metadataKey: "kind"] = "\(task.kind)"
        return logger
    }

    /// Adds tasks and steers them, each call in a transaction of its own.
    public var manager: TaskManager { TaskManager(pool, cipher: cipher) }

    var link: TaskLink { TaskLink(pool, key, cipher: cipher) }

    /// Decodes the arguments. Throws `PermanentFailure` when they do not fit.
    public func decode<Input: Decodable>(_ type: Input.Type = Input.self) throws -> Input {
        do {
            return try JSONCoding.decode(task.args)
        } catch let error as DecodingError {
            throw PermanentFailure("the arguments do not fit: \(error.summary)", reason: "arguments")
        }
    }

    /// Computes a value once: a later attempt, on whatever machine, gets the recorded one.
    ///
    /// The value is committed before this returns. If the process dies between the body's effect and the commit, the
    /// body runs again; give its effect `key` and the name as an idempotency key.
    public func step<Value: Codable & Sendable>(
        _ name: String, _ body: () async throws -> Value
    ) async throws -> Value {
        if let recorded = try await link.step(name) { return try unwrap(recorded) }
        // In an array, because a bare fragment such as `null` has no place in every decoder.
        let value = try JSONCoding.encode([try await body()])
        return try unwrap(try await link.putStep(name, value))
    }

    private func unwrap<Value: Codable>(_ recorded: PostgresJSON) throws -> Value {
        try JSONCoding.decode(recorded.bytes, as: [Value].self)[0]
    }

    /// Adds a subtask; this task then ends only after it. One with a name is added once, however often this runs.
    @discardableResult
    public func addSubtask(_ task: TaskRequest) async throws -> Int64 {
        try await manager.addSubtask(task, to: self.task.id)
    }

    /// Adds subtasks, `[{"kind": ..., "name": ..., "needs": [...]}, ...]`, once per step: a later attempt finds those of
    /// the first. A handler that adds several rounds names a step for each.
    @discardableResult
    public func addSubtasks(_ subtasks: PostgresJSON, step: String = "subtasks") async throws -> [Int64] {
        try await pool.transaction { connection in
            let link = TaskLink(connection, key, cipher: cipher)
            if let recorded = try await link.step(step) { return try JSONCoding.decode(recorded.bytes) }
            let ids = try await TaskManager(connection, cipher: cipher).addSubtasks(subtasks, to: task.id)
            _ = try await link.putStep(step, try JSONCoding.encode(ids))
            return ids
        }
    }

    /// Breaks the task into subtasks and leaves the worker until they have ended: `return try await context.decomposeTask(...)`.
    public func decomposeTask(
        into subtasks: PostgresJSON, join: JoinPolicy = .all, step: String = "subtasks"
    ) async throws -> TaskResult {
        try await addSubtasks(subtasks, step: step)
        return .waitForChildren(join: join)
    }

    /// The subtasks, with states and outputs, in the order in which they were added.
    public func children() async throws -> [NeededTask] {
        try await link.needs().filter(\.isSubtask)
    }

    /// All tasks that this one needed, its subtasks among them.
    public func needs() async throws -> [NeededTask] {
        try await link.needs()
    }

    /// What the handler returned, as the lane reports it: small, so that a large output holds up nobody else's.
    func record(_ output: PostgresJSON) async throws -> PostgresJSON {
        guard cipher != nil || output.bytes.count > PayloadCoder.inlineLimit else { return output }
        return try await link.output(output)
    }

    /// Shows how far the task is: a fraction from 0 to 1 and a line of text.
    public func reportProgress(_ fraction: Double? = nil, _ message: String? = nil) async throws {
        try await link.reportProgress(fraction, message)
    }

    /// Runs a transaction of the handler's own that also ends the task: both happen, or neither.
    ///
    /// Return what `completeInTransaction` returns. Throws `QueueError` with code `leaseLost`, and rolls back, when
    /// somebody else has ended the attempt.
    public func completeInTransaction(
        _ body: (PostgresConnection) async throws -> PostgresJSON?
    ) async throws -> TaskResult {
        try await pool.transaction { connection in
            let output = try await body(connection)
            try await TaskLink(connection, key, cipher: cipher).complete(worker: worker, output: output)
        }
        // The transaction has recorded the output; what the lane reports of this attempt changes nothing any more.
        return .completed(nil)
    }
}
