import Queue

/// A tree that is drawn over itself, on a terminal.
struct LiveTree: WatchDisplay {
    private let terminal: Terminal
    private let start = ContinuousClock.now
    private var frame: LiveFrame
    private var last = ""

    init(_ terminal: Terminal) {
        self.terminal = terminal
        frame = LiveFrame(terminal)
    }

    mutating func show(_ nodes: [TaskNode]) -> Bool {
        // The summary, and the line on which the cursor rests.
        let room = max(1, terminal.size.rows - 3)
        frame.draw(
            TreeLayout(nodes, maximumLines: room, maximumSiblings: 14).lines(for: terminal) + [summary(nodes)])
        let states = nodes.map { "\($0.state)\($0.attempt)" }.joined(separator: " ")
        defer { last = states }
        return states != last
    }

    private func summary(_ nodes: [TaskNode]) -> String {
        let counts = StateCounts(nodes)
        let text = "\(Plural.grouped(counts.final)) of \(Plural.grouped(counts.total)) done: \(counts)"
        let time = TimeText.duration(ContinuousClock.now - start)
        let fitting = DisplayText.fit(
            text, max(10, terminal.size.columns - 12), ellipsis: terminal.usesUnicode ? "…" : "~")
        return terminal.styled(.bold, fitting) + "  " + terminal.styled(.dim, time)
    }
}
