internal import Logging
internal import Queue

/// Charges the model calls of attempts that have ended without saying what they have cost.
struct ReservationSweeper: Duty {
    let name = "reservation sweep"
    let link: CoordinatorLink
    let shards: [Int16]
    let interval: Duration
    let logger: Logger

    func perform() async throws -> Duration {
        for shard in shards {
            let charged = try await link.sweepReservations(shard: shard)
            if charged > 0 { logger.info("charged calls of ended attempts", metadata: ["count": "\(charged)"]) }
        }
        return interval
    }
}
