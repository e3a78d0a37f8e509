internal import Coordinator
internal import Logging
internal import Postgres
internal import Queue
internal import Worker

extension TestQueue {
    private static let logger: Logger = {
        var logger = Logger(label: "agentcorp.testing")
        logger.logLevel = .critical
        return logger
    }()

    /// Runs all that is due, and what that adds and unblocks, until nothing is left to do; returns what happened.
    ///
    /// What is scheduled for later stays: advance the clock, and drain again. Paused queues stay as they are.
    ///
    /// - Parameter concurrency: How many tasks of a queue run at once; one makes their order the queue's.
    /// - Throws: ``TestingError`` when tasks still run after `timeout`; it names them.
    @discardableResult
    public func drain(concurrency: Int = 1, timeout: Duration = .seconds(30)) async throws -> DrainSummary {
        let before = try await outcomes()
        let deadline = ContinuousClock.now + timeout
        // Handlers may add queues, which a new worker serves.
        while try await !drain(queues: names(), concurrency, until: deadline) {}
        let after = try await outcomes()
        return DrainSummary(
            outcomes: after.merging(before) { $0 - $1 }.filter { $0.value > 0 }, unhandledKinds: try await unhandled())
    }

    /// Returns false when there are more queues than these.
    private func drain(
        queues: [String], _ concurrency: Int, until deadline: ContinuousClock.Instant
    ) async throws -> Bool {
        var configuration = WorkerConfiguration()
        configuration.lanes = queues.map { .init($0, concurrency: concurrency) }
        configuration.pollInterval = .milliseconds(1) ... .milliseconds(4)
        let worker = Worker(pool: pool, handlers: handlers, configuration: configuration, logger: Self.logger)
        let working = Task { try await worker.run() }
        let result: Result<Bool, any Error>
        do {
            result = .success(try await waitUntilIdle(queues, deadline))
        } catch {
            result = .failure(error)
        }
        working.cancel()
        try await working.value
        return try result.get()
    }

    private func waitUntilIdle(_ queues: [String], _ deadline: ContinuousClock.Instant) async throws -> Bool {
        let coordinator = Coordinator(pool: pool, logger: Self.logger)
        var quietRounds = 0
        // What one duty brings about another may have to take up.
        while quietRounds < 2 {
            try await coordinator.performDuties()
            if try await isIdle() {
                quietRounds += 1
                continue
            }
            quietRounds = 0
            if try await names() != queues { return false }
            guard ContinuousClock.now < deadline else { throw TestingError(try await reasonForDelay()) }
            try await Task.sleep(for: .milliseconds(1))
        }
        return true
    }

    private func isIdle() async throws -> Bool {
        try await pool.query(
            """
            select not exists (select from agentcorp.ready r join agentcorp.queue q on q.id = r.queue_id where q.paused_at is null)
                and not exists (select from agentcorp.claimed c where not exists (
                    select from agentcorp.attempt a where a.task_id = c.task_id and a.attempt = c.attempt and a.shard = c.shard))
                and not exists (select from agentcorp.resolve)
                and not exists (select from agentcorp.scheduled s where s.run_at <= agentcorp.clock())
            """
        ).rows[0].bool(0)
    }

    private func reasonForDelay() async throws -> String {
        let result = try await pool.query(
            "select string_agg(format('task %s (%s) is %s', t.id, t.kind, t.state), ', ' order by t.id) from agentcorp.tasks t where t.state in ('ready', 'running')"
        )
        return "nothing has come to rest in time: \(try result.rows[0].stringOrNil(0) ?? "no task is ready or running")"
    }

    private func names() async throws -> [String] {
        try await pool.query("select name from agentcorp.queue order by name").rows.map { row throws in
            try row.string(0)
        }
    }

    private func outcomes() async throws -> [String: Int] {
        let result = try await pool.query(
            "select agentcorp.outcome_name(a.outcome), count(*) from agentcorp.attempt a where a.outcome > 0 group by 1"
        )
        return try result.rows.reduce(into: [:]) { $0[try $1.string(0)] = Int(try $1.int64(1)) }
    }

    private func unhandled() async throws -> [String] {
        let result = try await pool.query(
            """
            select distinct t.kind from agentcorp.scheduled s join agentcorp.task t on t.id = s.task_id and t.shard = s.shard
            where s.why = 3 order by 1
            """)
        return try result.rows.map { row throws in try row.string(0) }
    }
}
