import Queue

/// A tree that is drawn over itself, on a terminal.
struct LiveTree: TreeDisplay {
    private let terminal: Terminal
    private let start = ContinuousClock.now
    private var linesDrawn = 0
    private var last = ""

    init(_ terminal: Terminal) { self.terminal = terminal }

    mutating func show(_ nodes: [TaskNode]) -> Bool {
        let size = terminal.size
        // The summary, and the line on which the cursor rests.
        let room = max(1, size.rows - 3)
        let lines = TreeLayout(nodes, maximumLines: room, maximumSiblings: 14).lines(for: terminal) + [summary(nodes)]
        var frame = linesDrawn > 0 ? "\r\u{1B}[\(linesDrawn)A" : ""
        for line in lines { frame += line + "\u{1B}[K\n" }
        terminal.write(frame + "\u{1B}[J")
        linesDrawn = lines.count
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
