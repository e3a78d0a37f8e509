import Queue

/// A line for each change: for pipes, files and terminals that cannot redraw.
struct RunLog: WatchDisplay {
    /// Of how many subtasks of one task it makes something.
    static let siblings = 1000

    private struct Seen: Equatable {
        let state: TaskState
        /// Of what is to be tried again.
        let attempt: Int?
        let asks: [RunWait]?
    }

    private let terminal: Terminal
    private let start = ContinuousClock.now
    private var seen: [Int64: Seen] = [:]

    init(_ terminal: Terminal) { self.terminal = terminal }

    mutating func show(_ nodes: [RunNode]) -> Bool {
        let isFirst = seen.isEmpty
        var lines: [String] = []
        var parents: [Int64: RunNode] = [:]
        for node in nodes { parents[node.id] = node }
        // Subtasks first, as they end before what they are part of.
        for node in nodes.enumerated().sorted(by: { ($1.element.depth, $0.offset) < ($0.element.depth, $1.offset) })
            .map(\.element)
        {
            let attempt = node.state == .scheduled ? node.attempt : nil
            let now = Seen(state: node.shownState, attempt: attempt, asks: node.asks)
            guard seen.updateValue(now, forKey: node.id) != now else { continue }
            // What has not begun is no news.
            guard !isFirst || nodes.count == 1, node.state != .blocked, node.state != .ready else { continue }
            lines.append(line(node, path(node, parents)))
            for wait in node.asks ?? [] {
                lines += RunLayout.lines(wait).map { "         " + DisplayText.printable($0.1) }
            }
        }
        if isFirst, nodes.count > 1 {
            let totals = RunTotals(nodes)
            lines = ["\(stamp) \(nodes[0].id) \(DisplayText.printable(nodes[0].title)): \(totals.progress)"]
        }
        if nodes[0].state.isFinal, let spending = RunTotals(nodes).spending { lines.append("\(stamp) \(spending)") }
        if !lines.isEmpty { terminal.write(lines.joined(separator: "\n") + "\n") }
        return !lines.isEmpty
    }

    private var stamp: String {
        "[" + DisplayText.pad(TimeText.duration(ContinuousClock.now - start), to: 6, right: true) + "]"
    }

    /// `edit/#1/check`: names repeat in rounds and items.
    private func path(_ node: RunNode, _ parents: [Int64: RunNode]) -> String {
        var names = [node.title]
        var parent = node.parentID.flatMap { parents[$0] }
        while let above = parent, above.depth > 0, names.count < 20 {
            names.insert(above.title, at: 0)
            parent = above.parentID.flatMap { parents[$0] }
        }
        return DisplayText.printable(names.joined(separator: "/"))
    }

    private func line(_ node: RunNode, _ path: String) -> String {
        var line = "\(stamp) \(node.id) \(path): \(terminal.styled(Style(node.shownState), node.shownState.rawValue))"
        if node.state.isFinal, let time = node.milliseconds { line += " in \(TimeText.duration(milliseconds: time))" }
        if [.scheduled, .running].contains(node.state), node.attempt > 1, node.children == nil {
            line += ", attempt \(node.attempt)"
        }
        if node.state != .completed, node.state != .waiting, let error = node.error {
            line += ": \(DisplayText.printable(error))"
        }
        return line
    }
}
