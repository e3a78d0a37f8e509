internal import Logging
internal import Queue

/// Frees slots that something other than the engine left behind.
struct SlotSweeper: Duty {
    let name = "slot sweeper"
    let link: CoordinatorLink
    let shards: [Int16]
    let interval: Duration
    let logger: Logger

    func perform() async throws -> Duration {
        for shard in shards {
            let freed = try await link.sweepSlots(shard: shard)
            if freed > 0 { logger.warning("freed slots of ended attempts", metadata: ["count": "\(freed)"]) }
        }
        return interval
    }
}
