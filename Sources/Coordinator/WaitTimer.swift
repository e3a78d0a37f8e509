internal import Queue

/// Ends waits whose time is over.
struct WaitTimer: Duty {
    let name = "wait timer"
    let link: CoordinatorLink
    let shards: [Int16]
    /// The longest time between two, when nobody says that there is something to do.
    let patience: Duration

    func due(_ times: DueTimes) -> Duration? { times.expire }

    func perform() async throws -> Duration {
        let batch = 1000
        return try await untilDue(in: shards, atMost: patience) { shard in
            var outcome: (expired: Int, nextDue: Duration?)
            repeat {
                outcome = try await link.expireWaits(shard: shard, limit: batch)
            } while outcome.expired == batch
            return outcome.nextDue
        }
    }
}
