internal import DequeModule
internal import Logging
internal import Postgres
internal import Queue
internal import Synchronization

/// Serves one queue: one claimer, bounded handlers, results in batches.
///
/// `Lane+Loop` talks to the database, this file runs handlers; between them stands `LaneState`.
final class Lane: Sendable {
    let queue: String
    let concurrency: Int
    let handlers: HandlerRegistry
    let configuration: WorkerConfiguration
    let pool: PostgresPool
    let identity: WorkerIdentity
    let logger: Logger
    let signal = Signal()
    let state = Mutex(LaneState())

    init(
        _ lane: WorkerConfiguration.Lane, handlers: HandlerRegistry, configuration: WorkerConfiguration,
        pool: PostgresPool, identity: WorkerIdentity, logger: Logger
    ) {
        queue = lane.queue
        concurrency = lane.concurrency
        self.handlers = handlers
        self.configuration = configuration
        self.pool = pool
        self.identity = identity
        self.logger = logger
    }

    /// The database says that there may be something to claim.
    func hint() {
        state.withLock { state in
            state.isHinted = true
            for shard in state.floor.keys { state.floor[shard]?.hint() }
        }
        signal.set()
    }

    /// Takes the tasks of one claim in, to start as many as may run.
    func accept(_ tasks: [ClaimedTask]) {
        guard let claim = tasks.first?.claimID else { return }
        state.withLock { state in
            state.open[claim, default: 0] += tasks.count
            guard !state.isStopping else {
                // The claim was under way when the lane was told to stop: nobody will start these any more.
                state.ended += tasks.map { EndedTask(task: $0, fate: .release(delay: nil)) }
                return
            }
            state.backlog.append(contentsOf: tasks)
            startNext(&state)
        }
    }

    /// Starts a `Task` for the next one that waits, if another may run.
    ///
    /// Each starts the next when it gets a thread itself: handlers that never wait are so run by a few, and where they do
    /// wait, all that may run do at once.
    private func startNext(_ state: inout LaneState) {
        guard !state.isStopping, state.running.count < concurrency, let task = state.backlog.popFirst() else { return }
        let execution = Task { await self.run(task) }
        state.running[AttemptKey(task: task.id, attempt: task.attempt)] = LaneState.Running(
            task: task, execution: execution)
    }

    /// Runs a task and then, for as long as there are any, those that wait for a free slot: to start a `Task` for each would
    /// take as long as all the rest.
    private func run(_ first: ClaimedTask) async {
        state.withLock { startNext(&$0) }
        var task = first
        var startedAt = ContinuousClock.now
        var yieldedAt = startedAt
        while true {
            let key = AttemptKey(task: task.id, attempt: task.attempt)
            let fate = await execute(task, key, startedAt)
            guard let next = end(key, fate) else { return }
            task = next
            startedAt = .now
            // Handlers that never wait must not keep everybody else from the thread.
            if startedAt - yieldedAt > .milliseconds(1) {
                await Task.yield()
                startedAt = .now
                yieldedAt = startedAt
            }
        }
    }

    private func execute(
        _ task: ClaimedTask, _ key: AttemptKey, _ startedAt: ContinuousClock.Instant
    ) async -> EndedTask.Fate {
        guard let handler = handlers.handler(for: task.kind) else {
            logger.warning(
                "no handler for this kind, giving the task back",
                metadata: ["task": "\(task.id)", "kind": "\(task.kind)", "delay": "\(configuration.unknownKindDelay)"])
            return .release(delay: configuration.unknownKindDelay)
        }
        var task = task
        if StoredForm(task.args) != .plain {
            do {
                (task.args, task.argsWereEncrypted) = try await TaskLink(pool, key, cipher: configuration.cipher).args(
                    task.args)
            } catch {
                return await unreadable(error, key, startedAt)
            }
        }
        let context = TaskContext(
            task: task, pool: pool, worker: identity.worker, cipher: configuration.cipher, logger: logger)
        let timer = TaskPolicy.timeout(of: task).map { timeout in
            Task {
                try await Task.sleep(for: timeout)
                await self.expire(key, timeout)
            }
        }
        let outcome = await Execution(
            task: task, handler: handlers.prepared(handler, for: task), context: context,
            missingKeyDelay: configuration.unknownKindDelay
        ).run()
        timer?.cancel()
        let ran = ContinuousClock.now - startedAt
        if case .failed(let failure, _, _) = outcome {
            context.logger.warning("attempt failed", metadata: ["error": "\(failure.message)", "ran": "\(ran)"])
        } else if logger.logLevel <= .debug {
            context.logger.debug(
                "attempt ended", metadata: ["outcome": "\(outcome?.word ?? "lease lost")", "ran": "\(ran)"])
        }
        return outcome.map { .report(FinishedTask(key: key, outcome: $0, ran: ran)) } ?? .drop
    }

    /// What becomes of a task whose arguments cannot be read: it waits for a worker that can, unless nobody ever will.
    private func unreadable(
        _ error: any Error, _ key: AttemptKey, _ startedAt: ContinuousClock.Instant
    ) async -> EndedTask.Fate {
        let isHopeless =
            switch error {
            case let error as QueueError: error.code == .undecryptable
            case let error as PostgresError: error.sqlState == "XX001"
            default: false
            }
        logger.error("the arguments cannot be read", metadata: ["task": "\(key.task)", "error": "\(error)"])
        if isHopeless {
            let failure = TaskFailure("the arguments cannot be read: \(error)", reason: "decryption")
            return .report(
                FinishedTask(
                    key: key, outcome: .failed(failure, isPermanent: true, delay: nil),
                    ran: ContinuousClock.now - startedAt))
        }
        // For whoever asks why the task does not run; the log is on another machine.
        try? await TaskLink(pool, key).reportProgress(nil, "not run: \(error)")
        return .release(delay: configuration.unknownKindDelay)
    }

    /// The handler has run for too long: tell it to stop, and if it does not, go on without it.
    private func expire(_ key: AttemptKey, _ timeout: Duration) async {
        stop([key], .timeout)
        guard (try? await Task.sleep(for: .seconds(10))) != nil else { return }
        logger.error("a handler ignores its timeout; its slot is given to others", metadata: ["task": "\(key.task)"])
        end(key, .report(FinishedTask(key: key, outcome: Self.timedOut(after: timeout), ran: timeout)))
    }

    private static func timedOut(after timeout: Duration) -> FinishedTask.Outcome {
        let seconds = (timeout / .milliseconds(10)).rounded() / 100
        return .failed(
            TaskFailure("timed out after \(seconds) seconds", reason: "timeout"), isPermanent: false, delay: nil)
    }

    /// Tells running handlers to stop.
    func stop(_ keys: [AttemptKey], _ reason: LaneState.StopReason) {
        let executions = state.withLock { state in
            keys.compactMap { key -> Task<Void, Never>? in
                guard state.running[key] != nil else { return nil }
                if state.running[key]?.stopReason == nil { state.running[key]?.stopReason = reason }
                return state.running[key]?.execution
            }
        }
        for execution in executions { execution.cancel() }
    }

    /// Notes how a task left the lane. The first word counts: a handler that returns after it was given up is ignored.
    ///
    /// Returns what the `Task` that ran it is to run next.
    @discardableResult
    private func end(_ key: AttemptKey, _ fate: EndedTask.Fate) -> ClaimedTask? {
        let (next, mustWake) = state.withLock { state -> (ClaimedTask?, Bool) in
            guard let running = state.running.removeValue(forKey: key) else { return (nil, false) }
            var fate = fate
            if case .report(let finished) = fate {
                state.pace.record(finished.ran)
                fate = Self.corrected(finished, running)
            }
            if state.ended.isEmpty { state.firstEndedAt = .now }
            state.ended.append(EndedTask(task: running.task, fate: fate))
            var next: ClaimedTask?
            // One that was told to stop is cancelled, now or in a moment; what it would run next would be hit.
            if running.stopReason == nil, !state.isStopping, state.running.count < concurrency {
                next = state.backlog.popFirst()
            }
            if let next {
                state.running[AttemptKey(task: next.id, attempt: next.attempt)] = LaneState.Running(
                    task: next, execution: running.execution)
            } else {
                startNext(&state)
            }
            return (next, state.ended.count == 1 || state.held == 0 || state.ended.count == state.held)
        }
        if mustWake { signal.set() }
        return next
    }

    /// A handler that was told to stop and failed did so for that reason. One that still completed has completed.
    private static func corrected(_ finished: FinishedTask, _ running: LaneState.Running) -> EndedTask.Fate {
        guard case .failed = finished.outcome, let reason = running.stopReason else { return .report(finished) }
        switch reason {
        case .timeout:
            return .report(FinishedTask(key: finished.key, outcome: timedOut(after: finished.ran), ran: finished.ran))
        case .ended: return .drop
        case .shutdown: return .release(delay: nil)
        }
    }

    /// The attempts whose handlers run.
    var runningKeys: [AttemptKey] { state.withLock { Array($0.running.keys) } }

    /// No more claims: what has not started goes back.
    func beginStop() {
        state.withLock { state in
            state.isStopping = true
            for task in state.backlog { state.ended.append(EndedTask(task: task, fate: .release(delay: nil))) }
            state.backlog = []
        }
        signal.set()
    }

    /// Stops what still runs; what does not heed that is given back regardless.
    func endStop() async {
        let keys = runningKeys
        stop(keys, .shutdown)
        let deadline = ContinuousClock.now + .seconds(5)
        while !runningKeys.isEmpty, ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(20))
        }
        for key in runningKeys { end(key, .release(delay: nil)) }
    }

    /// The worker was declared dead: others have its tasks, so all of it is dropped.
    func abandon() {
        let executions = state.withLock { state in
            let executions = state.running.values.map(\.execution)
            state.running = [:]
            state.backlog = []
            state.ended = []
            state.open = [:]
            return executions
        }
        for execution in executions { execution.cancel() }
        signal.set()
    }
}

extension FinishedTask.Outcome {
    fileprivate var word: String {
        switch self {
        case .completed: "completed"
        case .failed: "failed"
        case .cancelled: "cancelled"
        case .skipped: "skipped"
        case .suspended: "suspended"
        case .snoozed: "snoozed"
        }
    }
}
