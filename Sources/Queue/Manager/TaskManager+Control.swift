public import FoundationEssentials
public import Postgres

extension TaskManager {
    /// Cancels a task with everything open below it; returns how many that were, 0 when it had ended already.
    @discardableResult
    public func cancel(_ task: Int64, reason: String? = nil) async throws -> Int {
        let result = try await database.call(
            "select agentcorp.cancel($1, $2)", [task, reason], deadline: Self.treeDeadline)
        return Int(try result.rows[0].int32(0))
    }

    /// Puts a failed, cancelled or skipped task back to work, with all that failed with it or because of it.
    ///
    /// - Parameter runAt: When; by default each when it was to run, or at once.
    @discardableResult
    public func retry(_ task: Int64, runAt: Date? = nil) async throws -> Int {
        let result = try await database.call(
            "select agentcorp.retry($1, $2)", [task, runAt.map { PostgresTimestamp($0) }], deadline: Self.treeDeadline)
        return Int(try result.rows[0].int32(0))
    }

    /// Retries all tasks that match `{"state", "kind", "queue", "tag", "since", "until", "error", "fingerprint", "limit"}`.
    @discardableResult
    public func retryMany(_ filter: PostgresJSON, runAt: Date? = nil) async throws -> Int {
        let result = try await database.call(
            "select agentcorp.retry_many($1, $2)", [filter, runAt.map { PostgresTimestamp($0) }],
            deadline: Self.treeDeadline)
        return Int(try result.rows[0].int32(0))
    }

    /// Makes sure that a queue exists.
    public func createQueue(_ name: String) async throws {
        _ = try await database.call("select agentcorp.create_queue($1)", [name])
    }

    /// No task of the queue is claimed until it is resumed; what runs goes on.
    public func pauseQueue(_ name: String) async throws {
        _ = try await database.call("select agentcorp.pause_queue($1)", [name])
    }

    /// Ends a pause.
    public func resumeQueue(_ name: String) async throws {
        _ = try await database.call("select agentcorp.resume_queue($1)", [name])
    }
}
