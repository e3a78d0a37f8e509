internal import Queue

/// Ends waits whose time is over.
struct WaitTimer: Duty {
    let name = "wait timer"
    let link: CoordinatorLink
    let shards: [Int16]
    let poll: Duration

    func perform() async throws -> Duration {
        let batch = 1000
        var pause = poll
        for shard in shards {
            var outcome: (expired: Int, nextDue: Duration?)
            repeat {
                outcome = try await link.expireWaits(shard: shard, limit: batch)
            } while outcome.expired == batch
            if let due = outcome.nextDue { pause = min(pause, due) }
        }
        return pause
    }
}
