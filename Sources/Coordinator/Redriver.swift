internal import Queue

/// Puts failures back to work at the rate of their redrive.
struct Redriver: Duty {
    let name = "redriver"
    let link: CoordinatorLink
    let poll: Duration

    func perform() async throws -> Duration {
        let outcome = try await link.redrive()
        // A fast redrive goes in small batches, not one by one.
        return outcome.nextDue.map { min(poll, max($0, .milliseconds(50))) } ?? poll
    }
}
