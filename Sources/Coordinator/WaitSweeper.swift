internal import Logging
internal import Queue

/// Finds waits whose event was missed: registered, or emitted, without the lock that keeps the two apart.
struct WaitSweeper: Duty {
    let name = "wait sweeper"
    let link: CoordinatorLink
    let shards: [Int16]
    let interval: Duration
    let logger: Logger

    func perform() async throws -> Duration {
        let start = ContinuousClock.now
        var woken = 0
        for shard in shards {
            var next: Int64? = 0
            while let after = next {
                let outcome = try await link.sweepWaits(shard: shard, after: after)
                woken += outcome.woken
                next = outcome.next
            }
        }
        if woken > 0 { logger.info("ended waits whose event was missed", metadata: ["count": "\(woken)"]) }
        // However many wait, looking at them takes a twentieth of the time.
        return max(interval, (ContinuousClock.now - start) * 20)
    }
}
