/// Makes the arguments with which a task's handler is called.
///
/// It may run several times for one task, as the handler may; what it throws counts as if the handler had thrown it.
public typealias TaskPreparation = @Sendable (TaskContext) async throws -> PreparedTask

/// What is to become of a task that was prepared.
public enum PreparedTask: Sendable {
    /// Call the handler with these arguments, a JSON document. They are secret when part of them lies encrypted in the
    /// database: then nothing of them may be written there in the clear. If it leaves the worker to wait for something,
    /// the task runs again after `timeLeft` at the latest.
    case run(args: [UInt8], areSecret: Bool = false, timeLeft: Duration? = nil)
    /// End the task so, without its handler.
    case end(TaskResult)
}
