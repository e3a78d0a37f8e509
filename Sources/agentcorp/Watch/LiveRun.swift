import Queue

/// A run that is drawn over itself, on a terminal.
struct LiveRun: WatchDisplay {
    /// Of how many subtasks of one task it makes something.
    static let siblings = 60

    private let terminal: Terminal
    private let start = ContinuousClock.now
    private var frame: LiveFrame
    private var last: [String] = []

    init(_ terminal: Terminal) {
        self.terminal = terminal
        frame = LiveFrame(terminal)
    }

    mutating func show(_ nodes: [RunNode]) -> Bool {
        let size = terminal.size
        // The summary, and the line on which the cursor rests.
        let room = max(2, size.rows - 3)
        frame.draw(
            RunLayout(nodes).lines(for: terminal, most: room).prefix(room) + [summary(nodes, size.columns)])
        let now = nodes.map { "\($0.state)\($0.attempt)\($0.progress ?? "")" }
        defer { last = now }
        return now != last
    }

    private func summary(_ nodes: [RunNode], _ columns: Int) -> String {
        let totals = RunTotals(nodes)
        let time = TimeText.duration(
            milliseconds: nodes[0].milliseconds ?? (ContinuousClock.now - start) / .milliseconds(1))
        let rest = [totals.spending, time].compactMap { $0 }.joined(separator: ", ")
        let fitting = DisplayText.fit(
            totals.progress, max(10, columns - rest.count - 3), ellipsis: terminal.usesUnicode ? "…" : "~")
        return terminal.styled(.bold, fitting) + "  " + terminal.styled(.dim, rest)
    }
}
