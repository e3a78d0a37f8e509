import Queue

/// A line for each change: for pipes, files and terminals that cannot redraw.
struct ChangeLog: WatchDisplay {
    private struct Seen: Equatable {
        let state: TaskState
        let attempt: Int
    }

    private let terminal: Terminal
    private let start = ContinuousClock.now
    private var seen: [Int64: Seen] = [:]

    init(_ terminal: Terminal) { self.terminal = terminal }

    mutating func show(_ nodes: [TaskNode]) -> Bool {
        let isFirst = seen.isEmpty
        var lines: [String] = []
        // Subtasks first, as they end before what they are part of.
        for node in nodes.enumerated().sorted(by: { ($1.element.depth, $0.offset) < ($0.element.depth, $1.offset) })
            .map(\.element)
        {
            let now = Seen(state: node.state, attempt: node.attempt)
            guard seen.updateValue(now, forKey: node.id) != now else { continue }
            if !isFirst || nodes.count == 1 { lines.append(line(node)) }
        }
        if isFirst, nodes.count > 1 {
            lines = ["\(stamp) \(nodes[0].id) \(title(nodes[0])): \(Plural.tasks(nodes.count)), \(StateCounts(nodes))"]
        }
        if !lines.isEmpty { terminal.write(lines.joined(separator: "\n") + "\n") }
        return !lines.isEmpty
    }

    private var stamp: String {
        "[" + DisplayText.pad(TimeText.duration(ContinuousClock.now - start), to: 6, right: true) + "]"
    }

    private func title(_ node: TaskNode) -> String { DisplayText.printable(node.title) }

    private func line(_ node: TaskNode) -> String {
        var line = "\(stamp) \(node.id) \(title(node)): \(terminal.styled(Style(node.state), node.state.rawValue))"
        if node.state.isFinal, let time = node.durationMilliseconds {
            line += " in \(TimeText.duration(milliseconds: time))"
        }
        if !node.state.isFinal, node.attempt > 1 { line += ", attempt \(node.attempt)" }
        if let error = node.error { line += ": \(DisplayText.printable(error))" }
        return line
    }
}
