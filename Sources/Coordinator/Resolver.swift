internal import Queue

/// Unblocks those who waited for tasks that have ended.
struct Resolver: Duty {
    let name = "resolver"
    let link: CoordinatorLink
    let shards: [Int16]
    /// The longest time between two, when nobody says that there is something to do.
    let patience: Duration

    func due(_ times: DueTimes) -> Duration? { times.resolve }

    func perform() async throws -> Duration {
        let batch = 1000
        for shard in shards {
            while try await link.resolve(shard: shard, limit: batch) == batch {}
        }
        return patience
    }
}
