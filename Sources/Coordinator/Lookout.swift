internal import Queue

/// Looks, in one statement for all, whether the urgent duties have something to do, and tells those that have.
///
/// Without it each would ask for itself once a second, for as long as nothing happens.
struct Lookout: Duty {
    let name = "lookout"
    let link: CoordinatorLink
    let shards: [Int16]
    let poll: Duration
    let loops: [DutyLoop]

    func perform() async throws -> Duration {
        for shard in shards {
            let times = try await link.due(shard: shard)
            // What comes due before the next look is waited for exactly: a duty asks the tables itself how long.
            for loop in loops where loop.duty.due(times).map({ $0 <= poll }) == true { loop.signal.set() }
        }
        return poll
    }
}
