internal import Logging
internal import Queue

/// Enqueues the tasks of schedules whose time has come.
struct Scheduler: Duty {
    let name = "scheduler"
    let link: CoordinatorLink
    let shards: [Int16]
    /// The longest time between two, when nobody says that there is something to do.
    let patience: Duration
    let logger: Logger

    func due(_ times: DueTimes) -> Duration? { times.fire }

    func perform() async throws -> Duration {
        try await untilDue(in: shards, atMost: patience) { shard in
            let (failed, nextDue) = try await link.fireSchedules(shard: shard)
            if failed > 0 {
                logger.warning("schedules could not fire; see: agentcorp schedules", metadata: ["count": "\(failed)"])
            }
            return nextDue
        }
    }
}
