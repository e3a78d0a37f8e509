internal import Queue

/// Unblocks those who waited for tasks that have ended.
struct Resolver: Duty {
    let name = "resolver"
    let link: CoordinatorLink
    let shards: [Int16]
    let poll: Duration

    func perform() async throws -> Duration {
        let batch = 1000
        for shard in shards {
            while try await link.resolve(shard: shard, limit: batch) == batch {}
        }
        return poll
    }
}
