/// The clock of limits and pauses; tests bring their own.
struct Timekeeper: Sendable {
    /// Since some moment in the past.
    let now: @Sendable () -> Duration
    let sleep: @Sendable (Duration) async throws -> Void

    static let real: Timekeeper = {
        let start = ContinuousClock.now
        return Timekeeper(now: { ContinuousClock.now - start }, sleep: { try await Task.sleep(for: $0) })
    }()
}
