internal import Logging
internal import Queue

/// Tells hooks what has become of tasks. Where there are none, nothing is asked but by the lookout.
struct HookFollower: Duty {
    let name = "hook follower"
    let link: CoordinatorLink
    let shards: [Int16]
    /// The longest time between two, when nobody says that there is something to do.
    let patience: Duration
    let logger: Logger

    func due(_ times: DueTimes) -> Duration? { times.hook }

    func perform() async throws -> Duration {
        try await untilDue(in: shards, atMost: patience) { shard in
            let outcome = try await link.followHooks(shard: shard)
            if outcome.failed > 0 {
                logger.warning("hooks failed; see agentcorp.hooks", metadata: ["count": "\(outcome.failed)"])
            }
            return outcome.next
        }
    }
}
