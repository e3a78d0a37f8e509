internal import Logging
internal import Queue

/// Deletes ended trees that have been kept long enough, a little at a time, so that workers hardly notice.
struct Pruner: Duty {
    let name = "pruner"
    let link: CoordinatorLink
    let shards: [Int16]
    let interval: Duration
    let share: Double
    let logger: Logger

    func perform() async throws -> Duration {
        var hasMore = false
        let begin = ContinuousClock.now
        for shard in shards {
            let outcome = try await link.prune(shard: shard)
            hasMore = hasMore || outcome.more
            if outcome.tasks > 0 {
                logger.debug("pruned", metadata: ["trees": "\(outcome.trees)", "tasks": "\(outcome.tasks)"])
            }
        }
        return hasMore ? (ContinuousClock.now - begin) * (1 / share - 1) : interval
    }
}
