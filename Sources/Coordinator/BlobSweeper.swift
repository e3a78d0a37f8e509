internal import Queue

/// Deletes large payloads that nobody uses any more and that whoever ended their use could not delete.
struct BlobSweeper: Duty {
    let name = "blob sweep"
    let link: CoordinatorLink
    let shards: [Int16]

    func perform() async throws -> Duration {
        for shard in shards {
            while try await link.pruneBlobs(shard: shard) == 1000 {}
        }
        return .seconds(3600)
    }
}
