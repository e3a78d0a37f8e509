import Queue

/// Shows how a run goes on.
protocol RunDisplay: Sendable {
    /// Of how many subtasks of one task it makes something.
    var siblings: Int { get }
    /// Shows the run as it is now; says whether it has changed since the last time.
    mutating func show(_ nodes: [RunNode]) -> Bool
}
