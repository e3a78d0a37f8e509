public import Logging
public import Postgres
public import Queue

/// What a handler gets: its task, and what it may do while it runs.
public struct TaskContext: Sendable {
    public private(set) var task: ClaimedTask
    /// The pool of the worker; also for the handler's own queries.
    public let pool: PostgresPool
    let worker: Int64
    let suspension = TaskSuspension.Note()
    package let cipher: (any PayloadCipher)?
    let steps = StepLog()
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

    /// The same execution with other arguments.
    ///
    /// - Parameter areSecret: They come from what lies encrypted in the database.
    func with(args: [UInt8], areSecret: Bool) -> TaskContext {
        var context = self
        context.task.args = args
        context.task.argsWereEncrypted = areSecret
        return context
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

    /// How long the task may wait when it leaves the worker; nil: for ever.
    var timeLeft: Duration? { suspension.timeLeft }

    var link: TaskLink { TaskLink(pool, key, cipher: cipher) }

    /// Decodes the arguments. Throws `PermanentFailure` when they do not fit.
    public func decode<Input: Decodable>(_ type: Input.Type = Input.self) throws -> Input {
        do {
            return try JSONCoding.decode(task.args)
        } catch let error as DecodingError {
            throw PermanentFailure("the arguments do not fit: \(error.summary)", reason: "arguments")
        }
    }

    /// Adds a subtask; this task then ends only after it. One with a name is added once, however often this runs.
    @discardableResult
    public func addSubtask(_ task: TaskRequest) async throws -> Int64 {
        try await manager.addSubtask(task, to: self.task.id)
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
