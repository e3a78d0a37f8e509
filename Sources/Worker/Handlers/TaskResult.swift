public import Postgres
internal import Queue

/// What a handler says when it returns.
public enum TaskResult: Sendable {
    /// Done, with a JSON document of at most 64 MiB unless the database says otherwise, or with nothing.
    case completed(PostgresJSON?)
    /// Leave the worker until the subtasks have ended, then run again. Nil keeps the task's own join policy.
    case waitForChildren(join: JoinPolicy?)
    /// Run again after a while; that is no failure.
    case snooze(Duration)
    /// End as cancelled.
    case cancelled(String)
    /// End as skipped: there was nothing to do. Who needs the task goes on, without an output of it.
    case skipped(String)

    /// Leave the worker until all subtasks have completed.
    public static var waitForChildren: TaskResult { .waitForChildren(join: nil) }

    /// Done, with a value that is encoded as JSON. Throws `EncodingError`.
    public static func output(_ value: some Encodable) throws -> TaskResult {
        .completed(try JSONCoding.encode(value))
    }
}
