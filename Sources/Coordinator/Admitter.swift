internal import Queue

/// Moves tasks that wait for a slot, a token or their turn to ready, as soon as they may run.
struct Admitter: Duty {
    let name = "admitter"
    let link: CoordinatorLink
    let shards: [Int16]
    /// The longest time between two, when nobody says that there is something to do.
    let patience: Duration

    func due(_ times: DueTimes) -> Duration? { times.admit }

    func perform() async throws -> Duration {
        // Workers ask for more as they claim; tokens come by the clock alone.
        try await untilDue(in: shards, atMost: patience) { try await link.admit(shard: $0).nextDue }
    }
}
