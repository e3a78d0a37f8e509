public import Postgres

/// What a worker says to the database; one method to one SQL function.
public struct WorkerLink: Sendable {
    let database: any Database
    /// The identity of this start of the process.
    public let worker: Int64
    /// The ids of the queues, in the order in which they were registered.
    public let queueIDs: [Int32]

    /// Registers a worker process and makes sure that its queues exist.
    public static func register(
        _ database: any Database, host: String, pid: Int32, version: String, queues: [String], kinds: [String],
        concurrency: Int
    ) async throws -> WorkerLink {
        let result = try await database.call(
            "select * from agentcorp.register_worker($1, $2, $3, $4, $5, $6)",
            [host, pid, version, queues, kinds, Int32(clamping: concurrency)])
        let row = result.rows[0]
        return WorkerLink(database: database, worker: try row.int64(0), queueIDs: try row.int32Array(1))
    }

    /// The same worker, speaking through a connection of the caller's.
    public func on(_ connection: PostgresConnection) -> WorkerLink {
        WorkerLink(database: connection, worker: worker, queueIDs: queueIDs)
    }

    /// Records finished attempts and claims the next tasks, in one commit.
    ///
    /// - Parameters:
    ///   - limit: How many tasks to claim at most; 0 only finishes.
    ///   - finished: Attempts of tasks of this queue that have ended.
    ///   - closing: Claims whose last attempt is among `finished`.
    public func work(
        shard: Int16, queue: Int32, limit: Int, window: ClaimWindow, finished: [FinishedTask] = [],
        closing: [Int64] = []
    ) async throws -> WorkBatch {
        let report = try FinishReport(finished)
        let result = try await database.call(
            "select * from agentcorp.work($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            [
                shard, worker, queue, Int32(clamping: limit), window.priorities, window.floors, closing,
                report.tasks, report.attempts, report.ranMilliseconds, report.outputTasks, report.outputs,
                report.others,
            ])
        var batch = WorkBatch()
        batch.claimed.reserveCapacity(result.count)
        for row in result.rows {
            let key = AttemptKey(task: try row.int64(2), attempt: try row.int16(5))
            guard let claim = try row.int64OrNil(0) else {
                batch.refused.append(key)
                continue
            }
            let seq = try row.int64(1)
            let priority = try row.int16(6)
            if seq > batch.highest[priority, default: 0] { batch.highest[priority] = seq }
            batch.claimed.append(
                ClaimedTask(
                    claimID: claim, id: key.task, parentID: try row.int64OrNil(3), rootID: try row.int64(4),
                    attempt: key.attempt, priority: priority, shard: shard, kind: try row.string(7),
                    args: try row.bytes(8), policy: try row.bytesOrNil(9)))
        }
        return batch
    }

    /// Says that the process lives; returns those of the running tasks that somebody else has ended.
    ///
    /// Throws `QueueError` with code `workerDead` when it was declared dead.
    public func heartbeat(running: [Int64]) async throws -> [(key: AttemptKey, outcome: String)] {
        let result = try await database.call(
            "select * from agentcorp.heartbeat($1, $2)", [worker, running], deadline: .seconds(10))
        return try result.rows.map { row throws in
            (AttemptKey(task: try row.int64(0), attempt: try row.int16(1)), try row.string(2))
        }
    }

    /// Gives tasks back that were not started; no attempt is burned. With a delay they come back later.
    @discardableResult
    public func release(shard: Int16, tasks: [Int64], delay: Duration? = nil) async throws -> Int {
        let result = try await database.call(
            "select agentcorp.release($1, $2, $3, $4)", [shard, worker, tasks, delay])
        return Int(try result.rows[0].int32(0))
    }

    /// Gives back what this worker holds of a queue without knowing it, because the answer to a claim was lost. No claim of
    /// this queue may be under way.
    ///
    /// - Parameter known: All the tasks of the queue that it knows to hold.
    /// - Returns: How many it gave back.
    public func releaseUnknown(queue: String, known: [Int64]) async throws -> Int {
        let result = try await database.call(
            "select agentcorp.release_unknown($1, $2, $3)", [worker, queue, known])
        return Int(try result.rows[0].int32(0))
    }

    /// Gives everything back and stops.
    public func retire() async throws {
        _ = try await database.call("select agentcorp.retire_worker($1)", [worker], deadline: .seconds(10))
    }
}
