internal import Queue

/// Moves tasks whose time has come from scheduled to ready.
struct Promoter: Duty {
    let name = "promoter"
    let link: CoordinatorLink
    let shards: [Int16]
    /// The longest time between two, when nobody says that there is something to do.
    let patience: Duration

    func due(_ times: DueTimes) -> Duration? { times.promote }

    func perform() async throws -> Duration {
        let batch = 1000
        return try await untilDue(in: shards, atMost: patience) { shard in
            var outcome: (promoted: Int, nextDue: Duration?)
            repeat {
                outcome = try await link.promote(shard: shard, limit: batch)
            } while outcome.promoted == batch
            return outcome.nextDue
        }
    }
}
