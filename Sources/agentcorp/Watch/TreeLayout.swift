import Queue

/// Which tasks of a tree to show when not all fit, and how they are drawn.
///
/// Of many subtasks of one task, those come first that run or failed, or have something below them that does; the
/// others are counted in one line.
struct TreeLayout {
    private let nodes: [TaskNode]
    private let maximumLines: Int
    private let maximumSiblings: Int
    /// The positions of each node's children.
    private var children: [[Int]]
    /// For each node: how much it, or something below it, deserves to be seen.
    private var interest: [Int]
    /// For each node: the states of it and all below it.
    private var counts: [StateCounts]

    private enum Line {
        case task(Int, lead: String)
        case others(StateCounts, lead: String)
    }

    /// Takes nodes as `TaskManager.tree` returns them: parents before children.
    ///
    /// - Parameter maximumSiblings: Of how many subtasks of one task to make lines when not all tasks fit.
    init(_ nodes: [TaskNode], maximumLines: Int, maximumSiblings: Int = 50) {
        self.nodes = nodes
        self.maximumLines = maximumLines
        self.maximumSiblings = maximumSiblings
        children = Array(repeating: [], count: nodes.count)
        interest = nodes.map { Self.interest($0.state) }
        counts = nodes.map { StateCounts([$0]) }
        let positions = Dictionary(nodes.indices.map { (nodes[$0].id, $0) }) { first, _ in first }
        for index in nodes.indices.dropFirst().reversed() {
            guard let parent = nodes[index].parentID.flatMap({ positions[$0] }) else { continue }
            children[parent].append(index)
            interest[parent] = max(interest[parent], interest[index])
            counts[parent] += counts[index]
        }
        for index in children.indices { children[index].reverse() }
    }

    private static func interest(_ state: TaskState) -> Int {
        switch state {
        case .failed: 4
        case .running: 3
        case .waiting: 2
        case .ready, .queued, .scheduled, .blocked: 1
        case .completed, .cancelled, .skipped: 0
        }
    }

    /// The lines to print, with a header.
    func lines(for terminal: Terminal) -> [String] {
        var table = Table([
            .init("ID", isRight: true), .init("TASK", isFlexible: true), .init("STATE"), .init("TIME", isRight: true),
            .init("NOTE", isFlexible: true),
        ])
        for line in choose(maximumLines - 1, terminal) {
            switch line {
            case .task(let index, let lead):
                let node = nodes[index]
                table.add([
                    .init("\(node.id)", .dim), .init(lead + node.title), .init(node.state.rawValue, Style(node.state)),
                    .init(node.durationMilliseconds.map { TimeText.duration(milliseconds: $0) }, .dim),
                    .init(note(node), node.state == .failed ? .red : .dim),
                ])
            case .others(let counts, let lead):
                let dots = terminal.usesUnicode ? "…" : "..."
                table.add([
                    "", .init("\(lead)\(dots) \(Plural.grouped(counts.total)) more", .dim), "", "",
                    .init(counts.description, .dim),
                ])
            }
        }
        return table.lines(for: terminal)
    }

    private func note(_ node: TaskNode) -> String? {
        let attempt = node.attempt > 1 && node.state != .completed ? "attempt \(node.attempt)" : nil
        let parts = [attempt, node.state == .completed ? nil : node.error].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: ": ")
    }

    private func choose(_ room: Int, _ terminal: Terminal) -> [Line] {
        if nodes.count <= room { return lines(siblings: .max, terminal) }
        for siblings in [50, 30, 20, 14, 10, 7, 5, 4, 3, 2, 1] where siblings <= maximumSiblings {
            let lines = lines(siblings: siblings, terminal)
            if lines.count <= room { return lines }
        }
        // Deeper than the screen is high.
        let lines = lines(siblings: 1, terminal)
        var rest = StateCounts()
        var shown = 0
        for case .task(let index, _) in lines.prefix(room - 1) {
            shown = index
        }
        for index in children[shown] { rest += counts[index] }
        return Array(lines.prefix(max(1, room - 1))) + (rest.total > 0 ? [.others(rest, lead: "")] : [])
    }

    /// All lines when of each task at most so many subtasks are shown.
    private func lines(siblings: Int, _ terminal: Terminal) -> [Line] {
        let (branch, last, through) = terminal.usesUnicode ? ("├─ ", "└─ ", "│  ") : ("|- ", "`- ", "|  ")
        var lines: [Line] = []
        var stack: [(line: Line, below: String)] = [(.task(0, lead: ""), "")]
        while let (line, below) = stack.popLast() {
            lines.append(line)
            guard case .task(let index, _) = line else { continue }
            let (shown, hidden) = split(children[index], siblings)
            var next: [(Line, String)] = []
            for (position, child) in shown.enumerated() {
                let isLast = position == shown.count - 1 && hidden.total == 0
                next.append((.task(child, lead: below + (isLast ? last : branch)), below + (isLast ? "   " : through)))
            }
            if hidden.total > 0 { next.append((.others(hidden, lead: below + last), "")) }
            stack.append(contentsOf: next.reversed())
        }
        return lines
    }

    private func split(_ all: [Int], _ limit: Int) -> (shown: [Int], hidden: StateCounts) {
        guard all.count > limit else { return (all, StateCounts()) }
        let ranked = all.enumerated().sorted {
            (interest[$1.element], $0.offset) < (interest[$0.element], $1.offset)
        }
        var hidden = StateCounts()
        for (_, index) in ranked.dropFirst(limit) { hidden += counts[index] }
        return (ranked.prefix(limit).map(\.element).sorted(), hidden)
    }
}
