import Queue

/// Which tasks of a run to show when not all fit, and how they are drawn.
///
/// Of many subtasks of one task those come first that failed, ask or run; the others are counted in the line of the task.
struct RunLayout {
    private let nodes: [RunNode]
    private var children: [[Int]]
    private var interest: [Int]
    /// For each node: counts of its subtasks, those that are not there included.
    private let counts: [StateCounts?]
    private let notes: [Int64: TaskNotes]

    private struct Line {
        let index: Int
        let lead: String
        /// What stands before lines that belong to it.
        let below: String
        let showsCounts: Bool
    }

    /// Takes nodes as `TaskManager.run` returns them: parents before children.
    init(_ nodes: [RunNode], notes: [Int64: TaskNotes] = [:]) {
        self.nodes = nodes
        self.notes = notes
        children = Array(repeating: [], count: nodes.count)
        interest = nodes.map(Self.interest)
        counts = nodes.map { $0.children.map { StateCounts($0) } }
        let positions = Dictionary(nodes.indices.map { (nodes[$0].id, $0) }) { first, _ in first }
        for index in nodes.indices.dropFirst().reversed() {
            guard let parent = nodes[index].parentID.flatMap({ positions[$0] }) else { continue }
            children[parent].append(index)
            interest[parent] = max(interest[parent], interest[index])
        }
        for index in children.indices { children[index].reverse() }
    }

    private static func interest(_ node: RunNode) -> Int {
        if node.asks?.isEmpty == false { return 5 }
        return switch node.state {
        case .failed: 4
        case .running: 3
        case .waiting: 2
        case .ready, .queued, .scheduled, .blocked: 1
        case .completed, .cancelled, .skipped: 0
        }
    }

    /// The lines to print, with a header, at most so many if at all possible.
    func lines(for terminal: Terminal, most: Int) -> [String] {
        let chosen = choose(most - 1, terminal)
        var table = Table([
            .init("ID", isRight: true), .init("TASK", isFlexible: true), .init("STATE"), .init("TIME", isRight: true),
            .init("TOKENS", isRight: true), .init("COST", isRight: true), .init("NOTE", isFlexible: true),
        ])
        for line in chosen { table.add(cells(line)) }
        let rows = table.lines(for: terminal)
        var lines = [rows[0]]
        for (line, row) in zip(chosen, rows.dropFirst()) {
            lines.append(row)
            let indentation = String(repeating: " ", count: max(2, "\(nodes[0].id)".count) + 2) + line.below + "  "
            for (style, text) in details(nodes[line.index]) {
                let room = max(10, terminal.size.columns - DisplayText.width(indentation))
                let fitting = DisplayText.fit(
                    DisplayText.printable(text), room, ellipsis: terminal.usesUnicode ? "…" : "~")
                lines.append(indentation + terminal.styled(style, fitting))
            }
        }
        return lines
    }

    private func cells(_ line: Line) -> [Table.Cell] {
        let node = nodes[line.index]
        var title = line.lead + node.title
        if line.showsCounts, let counts = counts[line.index] { title += " [\(counts.fraction)]" }
        if let agent = node.agent, agent != node.name { title += " \(agent)" }
        return [
            .init("\(node.id)", .dim), .init(title),
            state(node),
            .init(node.milliseconds.map { TimeText.duration(milliseconds: $0) }, .dim),
            .init(node.tokens.flatMap { $0 > 0 ? Plural.grouped(Int($0)) : nil }, .dim),
            .init(RunTotals.dollars(node.usd, unpriced: node.unpriced), .dim),
            .init(note(node), node.state == .failed ? .red : .dim),
        ]
    }

    private func state(_ node: RunNode) -> Table.Cell {
        if node.asks?.isEmpty == false { return .init("waiting", .yellow) }
        return .init(node.shownState.rawValue, Style(node.shownState))
    }

    private func note(_ node: RunNode) -> String? {
        // What waits has begun again with its next attempt, and need not have failed.
        let attempt =
            node.attempt > 1 && !node.state.isFinal && node.state != .waiting && node.children == nil
            ? "attempt \(node.attempt)" : nil
        let time = node.state == .scheduled ? node.runAt.map { TimeText.relative($0) } : nil
        let error = [.completed, .waiting, .running].contains(node.state) ? nil : node.error
        let parts = [attempt, time, error].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: ": ")
    }

    /// Lines below that of the task.
    private func details(_ node: RunNode) -> [(Style, String)] {
        var details: [(Style, String)] = []
        if let progress = node.progress, !progress.isEmpty { details.append((.dim, progress)) }
        for wait in node.asks ?? [] { details += Self.lines(wait) }
        if let notes = notes[node.id] {
            details += (notes.facts ?? []).map { (.dim, $0) }
            if let output = notes.output { details.append((.plain, "= \(output)")) }
        }
        return details
    }

    /// What is waited for, and what to do about it.
    static func lines(_ wait: RunWait) -> [(Style, String)] {
        let until = wait.timeoutAt.map { " (at the latest \(TimeText.relative($0)))" } ?? ""
        guard let approval = wait.approval else {
            let key = wait.key.map { " \($0)" } ?? ""
            return [(.dim, "waits for event \(wait.topic)\(key)\(until)")]
        }
        let decisions = (wait.decisions ?? []).joined(separator: "|")
        return [
            (.yellow, "a person has to decide: \(wait.title ?? "approval \(approval)")\(until)"),
            (.yellow, "agentcorp approvals decide \(approval) \(decisions)"),
        ]
    }

    private func choose(_ room: Int, _ terminal: Terminal) -> [Line] {
        for siblings in [Int.max, 50, 30, 20, 14, 10, 7, 5, 4, 3, 2, 1, 0] {
            let lines = lines(siblings: siblings, terminal)
            if lines.reduce(0, { $0 + 1 + details(nodes[$1.index]).count }) <= room { return lines }
        }
        // Wider at its top than the screen is high: what matters most.
        let lines = lines(siblings: max(1, room / 2), terminal, deepest: 1)
        return Array(lines.prefix(max(1, room)))
    }

    /// All lines when of each task at most so many subtasks are shown. At the top there are more of them: these are the plan.
    private func lines(siblings: Int, _ terminal: Terminal, deepest: Int = .max) -> [Line] {
        let (branch, last, through) = terminal.usesUnicode ? ("├─ ", "└─ ", "│  ") : ("|- ", "`- ", "|  ")
        var lines: [Line] = []
        var stack: [(index: Int, lead: String, below: String)] = [(0, "", "")]
        while let (index, lead, below) = stack.popLast() {
            let limit = nodes[index].depth == 0 ? max(siblings, min(siblings &* 4, 40), 8) : siblings
            let total = counts[index]?.total ?? children[index].count
            var shown = nodes[index].depth < deepest ? best(children[index], limit) : []
            // Of items that do not all fit, those that are not begun or over say nothing.
            if total > shown.count, nodes[index].depth > 0 { shown = shown.filter { interest[$0] > 1 } }
            let hides = total > shown.count
            lines.append(
                Line(
                    index: index, lead: lead, below: below + (shown.isEmpty ? "   " : through),
                    showsCounts: hides || nodes[index].kind == "each"))
            for (position, child) in shown.enumerated().reversed() {
                let isLast = position == shown.count - 1
                stack.append((child, below + (isLast ? last : branch), below + (isLast ? "   " : through)))
            }
        }
        return lines
    }

    private func best(_ all: [Int], _ limit: Int) -> [Int] {
        guard all.count > limit else { return all }
        let ranked = all.enumerated().sorted {
            (interest[$1.element], $0.offset) < (interest[$0.element], $1.offset)
        }
        return ranked.prefix(limit).map(\.element).sorted()
    }
}
