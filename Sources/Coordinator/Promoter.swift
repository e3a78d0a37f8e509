internal import Queue

/// Moves tasks whose time has come from scheduled to ready.
struct Promoter: Duty {
    let name = "promoter"
    let link: CoordinatorLink
    let shards: [Int16]
    let poll: Duration

    func perform() async throws -> Duration {
        let batch = 1000
        var pause = poll
        for shard in shards {
            var outcome: (promoted: Int, nextDue: Duration?)
            repeat {
                outcome = try await link.promote(shard: shard, limit: batch)
            } while outcome.promoted == batch
            // A task that comes due before the next look is waited for exactly.
            if let due = outcome.nextDue { pause = min(pause, due) }
        }
        return pause
    }
}
