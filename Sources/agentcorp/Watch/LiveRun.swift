import Queue

/// A run that is drawn over itself, on a terminal.
struct LiveRun: RunDisplay {
    let siblings = 60

    private let terminal: Terminal
    private let start = ContinuousClock.now
    private var linesDrawn = 0
    private var columns = 0
    private var last: [String] = []

    init(_ terminal: Terminal) { self.terminal = terminal }

    mutating func show(_ nodes: [RunNode]) -> Bool {
        let size = terminal.size
        // The summary, and the line on which the cursor rests.
        let room = max(2, size.rows - 3)
        let lines =
            Array(RunLayout(nodes).lines(for: terminal, most: room).prefix(room)) + [summary(nodes, size.columns)]
        // Without line breaks of the terminal's own; on a terminal that has become narrower the old lines are broken already.
        var frame = "\u{1B}[?7l"
        if linesDrawn > 0 {
            frame += size.columns < columns ? "\u{1B}[2J\u{1B}[H" : "\r\u{1B}[\(min(linesDrawn, size.rows - 1))A"
        }
        for line in lines { frame += line + "\u{1B}[K\n" }
        terminal.write(frame + "\u{1B}[J\u{1B}[?7h")
        linesDrawn = lines.count
        columns = size.columns
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
