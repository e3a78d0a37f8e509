internal import Logging
internal import Postgres
internal import Queue
internal import Synchronization

extension Lane {
    /// How long a result may wait for others to be recorded with it.
    private static let linger: Duration = .milliseconds(2)

    /// What outlives a connection.
    private struct Progress {
        var poll: Duration
        var nextPoll = ContinuousClock.now
        var outage = Outage()
        /// When to look for tasks that the lane holds without knowing it.
        var nextAudit: ContinuousClock.Instant
        /// Per shard, what has been taken from the lane's state and not been recorded yet.
        var unsent: [Int16: LaneReport] = [:]
    }

    /// Claims and reports until the lane is stopped and nothing is left to report.
    func run(shards: [Int16]) async {
        var progress = Progress(poll: configuration.pollInterval.lowerBound, nextAudit: .now + auditInterval)
        while true {
            do {
                return try await pool.withConnection { connection in
                    try await serve(shards, on: connection, &progress)
                }
            } catch {
                progress.nextAudit = .now
                if state.withLock({ $0.isStopping }), progress.outage.count > 5 {
                    logger.error(
                        "giving up on unreported results: they will be rescued", metadata: ["error": "\(error)"])
                    return
                }
                await progress.outage.pause(error, logger)
            }
        }
    }

    /// Does so for as long as a connection lasts, on that connection's own thread: what ends wakes the very thread that
    /// reports it, and each change of threads would take longer than all else that is done for a task that runs alone.
    private func serve(
        _ shards: [Int16], on connection: isolated PostgresConnection, _ progress: inout Progress
    ) async throws {
        while true {
            if ContinuousClock.now >= progress.nextAudit, progress.unsent.values.allSatisfy(\.isEmpty) {
                try await audit(on: connection)
                progress.nextAudit = .now + auditInterval
            }
            let turn = takeTurn(pollIsDue: ContinuousClock.now >= progress.nextPoll)
            for (shard, report) in turn.reports { progress.unsent[shard, default: LaneReport()].merge(report) }
            if turn.capacity == 0, progress.unsent.values.allSatisfy(\.isEmpty) {
                if turn.isDone { return }
                let untilPoll = turn.hasRoom ? progress.nextPoll - .now : configuration.pollInterval.upperBound
                await signal.wait(for: turn.isLingering ? Self.linger : max(untilPoll, .milliseconds(1)))
                continue
            }
            var found = 0
            for shard in shards where turn.capacity > found || progress.unsent[shard]?.isEmpty == false {
                let report = progress.unsent[shard] ?? LaneReport()
                found += try await exchange(shard: shard, report, limit: max(turn.capacity - found, 0), on: connection)
                progress.unsent[shard] = nil
            }
            progress.outage.isOver(logger)
            if turn.capacity > 0 {
                // Of several that call at the same time only one is heard: the others are about to commit.
                progress.poll =
                    found > 0 || turn.isHinted
                    ? configuration.pollInterval.lowerBound
                    : min(progress.poll * 2, configuration.pollInterval.upperBound)
                // A full claim means that there is more.
                progress.nextPoll = found == turn.capacity ? .now : .now + progress.poll
            }
        }
    }

    /// Often enough that a task which was claimed in vain is late rather than lost.
    private var auditInterval: Duration { configuration.beat * 6 }

    /// Gives back what a call has claimed whose answer was lost. A call that broke off may go on in the server for a while
    /// and claim after that, so this is done again and again, between two calls: what is unknown then stays unknown.
    private func audit(on connection: isolated PostgresConnection) async throws {
        let known = state.withLock { state in
            state.running.keys.map(\.task) + state.backlog.map(\.id) + state.ended.map(\.task.id)
        }
        let count = try await identity.link.on(connection).releaseUnknown(queue: queue, known: known)
        guard count > 0 else { return }
        logger.warning(
            "gave tasks back that were claimed in a call whose answer was lost",
            metadata: ["queue": "\(queue)", "count": "\(count)"])
    }

    struct Turn {
        var reports: [Int16: LaneReport] = [:]
        /// How many tasks to claim now.
        var capacity = 0
        /// Whether more tasks could be held than are.
        var hasRoom = false
        var isLingering = false
        /// Somebody has called since the last claim.
        var isHinted = false
        var isStopping = false
        /// Stopped, and everything was taken.
        var isDone = false
    }

    private func takeTurn(pollIsDue: Bool) -> Turn {
        state.withLock { state in
            var turn = Turn()
            let target = min(
                concurrency + state.pace.prefetch(concurrency: concurrency, maximum: 2 * configuration.maximumBatch),
                max(concurrency, configuration.maximumBatch) * 2)
            turn.isStopping = state.isStopping
            let room = state.isStopping ? 0 : max(target - state.held, 0)
            turn.hasRoom = room > 0
            let mayClaim = pollIsDue || state.isHinted
            if !state.ended.isEmpty {
                // Half of what is held is enough for a call; a claim that goes out anyway takes along what there is.
                let isRipe =
                    state.held == 0 || state.isStopping || state.ended.count >= max(state.held, target / 2)
                    || (mayClaim && room >= target / 2)
                    || ContinuousClock.now - (state.firstEndedAt ?? .now) >= Self.linger
                if isRipe {
                    var rest = state.ended[...]
                    while let first = rest.first {
                        // What was claimed together mostly ends together.
                        let run = rest.prefix { $0.task.claimID == first.task.claimID }
                        turn.reports[first.task.shard, default: LaneReport()].add(
                            run, of: first.task.claimID, &state.open)
                        rest = rest[run.endIndex...]
                    }
                    state.ended.removeAll(keepingCapacity: true)
                } else {
                    turn.isLingering = true
                    return turn
                }
            }
            // Results go out anyway, and a claim rides along for free.
            if mayClaim || !turn.reports.isEmpty {
                turn.capacity = min(room, configuration.maximumBatch)
                if turn.capacity > 0 {
                    turn.isHinted = state.isHinted
                    state.isHinted = false
                }
            }
            turn.isDone = state.isStopping && state.held == 0 && state.ended.isEmpty
            return turn
        }
    }

    /// One call: report, and claim. Returns how many were claimed.
    private func exchange(
        shard: Int16, _ report: LaneReport, limit: Int, on connection: isolated PostgresConnection
    ) async throws -> Int {
        let link = identity.link.on(connection)
        if !report.released.isEmpty { _ = try await link.release(shard: shard, tasks: report.released) }
        if !report.postponed.isEmpty {
            _ = try await link.release(shard: shard, tasks: report.postponed, delay: configuration.unknownKindDelay)
        }
        guard let queueID = identity.queueID(of: queue) else { return 0 }
        let window = state.withLock { $0.floor[shard, default: ClaimFloor()].window(at: .now) }
        let batch: WorkBatch
        do {
            batch = try await link.work(
                shard: shard, queue: queueID, limit: limit, window: window, finished: report.finished,
                closing: report.closing)
        } catch let error where Self.isRejection(error) && !report.finished.isEmpty {
            try await reportOneByOne(link, shard, queueID, report)
            return 0
        }
        for key in batch.refused {
            logger.notice(
                "result dropped: the lease was lost", metadata: ["task": "\(key.task)", "attempt": "\(key.attempt)"])
        }
        if limit > 0 {
            let isFull = batch.claimed.count >= limit
            state.withLock { $0.floor[shard, default: ClaimFloor()].learn(batch.highest, isFull: isFull) }
            if !batch.claimed.isEmpty {
                logger.debug("claimed", metadata: ["queue": "\(queue)", "count": "\(batch.claimed.count)"])
                accept(batch.claimed)
            }
        }
        return batch.claimed.count
    }

    /// Whether the server, or the encoder before it, rejects the values of a call; sending it again would not help.
    static func isRejection(_ error: any Error) -> Bool {
        switch error {
        case let error as PostgresError:
            error.code == .invalidValue || (error.code == .server && error.sqlState?.hasPrefix("22") == true)
        case let error as QueueError:
            [.unknownTask, .invalidValue, .tooLarge, .malformedJSON].contains(error.code)
        default: false
        }
    }

    /// One result that the server will not take must not hold up the others: its task fails, and says why.
    private func reportOneByOne(_ link: WorkerLink, _ shard: Int16, _ queueID: Int32, _ report: LaneReport) async throws
    {
        for finished in report.finished {
            do {
                _ = try await link.work(
                    shard: shard, queue: queueID, limit: 0, window: .everything, finished: [finished])
            } catch let error as QueueError where error.code == .unknownTask {
                logger.error("a result for a task that is gone", metadata: ["task": "\(finished.key.task)"])
            } catch let error where Self.isRejection(error) {
                logger.error(
                    "the server refused a result", metadata: ["task": "\(finished.key.task)", "error": "\(error)"])
                let failure = TaskFailure("the server refused the result: \(error)", reason: "output")
                _ = try await link.work(
                    shard: shard, queue: queueID, limit: 0, window: .everything,
                    finished: [
                        FinishedTask(
                            key: finished.key, outcome: .failed(failure, isPermanent: true, delay: nil),
                            ran: finished.ran)
                    ])
            }
        }
        if !report.closing.isEmpty {
            _ = try await link.work(
                shard: shard, queue: queueID, limit: 0, window: .everything, closing: report.closing)
        }
    }
}

extension LaneReport {
    /// Adds tasks of one claim that have ended; it is closed with the last of them.
    mutating func add(_ run: ArraySlice<EndedTask>, of claim: Int64, _ open: inout [Int64: Int]) {
        finished.reserveCapacity(finished.count + run.count)
        for ended in run {
            switch ended.fate {
            case .report(let task): finished.append(task)
            case .release(let delay?) where delay > .zero: postponed.append(ended.task.id)
            case .release: released.append(ended.task.id)
            case .drop: break
            }
        }
        let left = open[claim, default: 0] - run.count
        open[claim] = left > 0 ? left : nil
        if left <= 0 { closing.append(claim) }
    }

    mutating func merge(_ other: LaneReport) {
        guard !isEmpty else {
            self = other
            return
        }
        finished += other.finished
        closing += other.closing
        released += other.released
        postponed += other.postponed
    }
}
