internal import Logging
internal import Queue

/// Enqueues the tasks of schedules whose time has come.
struct Scheduler: Duty {
    let name = "scheduler"
    let link: CoordinatorLink
    let shards: [Int16]
    let poll: Duration
    let logger: Logger

    func perform() async throws -> Duration {
        var pause = poll
        for shard in shards {
            let (failed, nextDue) = try await link.fireSchedules(shard: shard)
            if failed > 0 {
                logger.warning("schedules could not fire; see: agentcorp schedules", metadata: ["count": "\(failed)"])
            }
            // A schedule that comes due before the next look is waited for exactly.
            if let nextDue { pause = min(pause, nextDue) }
        }
        return pause
    }
}
