internal import Queue

/// Adds the noted changes of queue depths to the counters.
struct CounterFolding: Duty {
    let name = "counter folding"
    let link: CoordinatorLink
    let shards: [Int16]
    let interval: Duration

    func perform() async throws -> Duration {
        for shard in shards {
            while try await link.foldCounts(shard: shard) == 10_000 {}
        }
        return interval
    }
}
