import Queue

/// Looks at a tree of tasks again and again until it ends.
enum WatchLoop {
    /// How long to pause between two looks; longer for trees that take long to read.
    private static let interval: ClosedRange<Duration> = .milliseconds(80) ... .seconds(1)

    /// Returns what was read last, the top first.
    ///
    /// - Parameters:
    ///   - display: Nil: nothing is shown.
    ///   - state: Of a node.
    ///   - farewell: What the user is told who leaves before the end: the message of a ``CommandError``.
    ///   - look: Reads the tree.
    static func run<Node: Sendable>(
        _ display: (any WatchDisplay<Node>)?, state: @escaping @Sendable (Node) -> TaskState, farewell: String,
        look: @escaping @Sendable () async throws -> [Node]
    ) async throws -> [Node] {
        let nodes = try await Interruption.race {
            var display = display
            var interval = Self.interval.lowerBound
            while true {
                let start = ContinuousClock.now
                let nodes = try await Patience.read(look)
                let hasChanged = display?.show(nodes) ?? false
                if state(nodes[0]).isFinal { return nodes }
                let floor = max(Self.interval.lowerBound, (ContinuousClock.now - start) * 4)
                interval = max(floor, hasChanged ? floor : min(Self.interval.upperBound, interval * 1.2))
                try await Task.sleep(for: interval)
            }
        }
        if let nodes { return nodes }
        // The terminal has echoed ^C.
        if Terminal.errors.isInteractive { Terminal.errors.line() }
        throw CommandError(.interrupted, farewell)
    }
}
