/// Executes several tasks of one kind together, and returns how each of them ended, in their order.
///
/// An error that it throws is the failure of each of them. It is cancelled when all of its tasks are to stop; when only
/// some are, because they were cancelled or have timed out, it goes on, and what it returns for those is ignored.
public typealias ChunkHandler = @Sendable ([TaskContext]) async throws -> [Result<TaskResult, any Error>]
