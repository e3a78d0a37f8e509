/// Shows how a tree of tasks goes on.
protocol WatchDisplay<Node>: Sendable {
    associatedtype Node: Sendable

    /// Shows the tree as it is now; says whether it has changed since the last time.
    mutating func show(_ nodes: [Node]) -> Bool
}
