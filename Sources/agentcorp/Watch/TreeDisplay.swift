import Queue

/// Shows how a tree of tasks goes on.
protocol TreeDisplay: Sendable {
    /// Shows the tree as it is now; says whether it has changed since the last time.
    mutating func show(_ nodes: [TaskNode]) -> Bool
}
