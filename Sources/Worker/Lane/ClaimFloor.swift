package import Queue

/// Remembers how far each priority has been claimed, so that a claim skips the dead index entries before that.
///
/// A row that commits late, or comes back, may stand below the floor. The server tells none of the last 50 milliseconds,
/// and the floor is dropped every few seconds, when nothing is found, and on a hint: such a row is delayed, never lost.
package struct ClaimFloor {
    /// After so long the floor is dropped.
    static let lifetime: Duration = .seconds(2)
    /// While there is work, hints come often, and each reset looks at all dead entries again.
    static let hintInterval: Duration = .milliseconds(250)

    private var highest: [Int16: Int64] = [:]
    private var resetAt: ContinuousClock.Instant?
    private var isHinted = false
    private var turn = 0

    package init() {}

    /// Something has arrived, of whatever priority.
    mutating func hint() { isHinted = true }

    /// Where the next claim looks.
    package mutating func window(at now: ContinuousClock.Instant) -> ClaimWindow {
        let age = resetAt.map { now - $0 } ?? .seconds(3600)
        if highest.isEmpty || age >= Self.lifetime || (isHinted && age >= Self.hintInterval) {
            highest = [:]
            isHinted = false
            resetAt = now
            return .everything
        }
        turn += 1
        var priorities = highest.keys.sorted()
        // One claim in eight begins at another priority, each in its turn: tasks that nobody has seen yet must not starve
        // behind those that keep coming.
        if turn % 8 == 0 {
            let first = Int16(turn / 8 % 10)
            priorities = (0..<10).map { (first + $0) % 10 }
        }
        return ClaimWindow(priorities: priorities, floors: priorities.map { highest[$0] ?? 0 })
    }

    /// What a claim over `window` brought.
    package mutating func learn(_ batch: [Int16: Int64], isFull: Bool) {
        for (priority, seq) in batch { highest[priority] = max(seq, highest[priority, default: 0]) }
        // Short of what was asked for: there is no more above the floor, so look everywhere next time.
        if !isFull { highest = [:] }
    }
}
