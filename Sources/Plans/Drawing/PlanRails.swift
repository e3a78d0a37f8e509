/// A plan with a line for each task, and rails beside them from each task to those that need it.
enum PlanRails {
    /// With more rails than these, the needs are named instead.
    private static let mostRails = 16

    static func block(_ graph: PlanGraph, width: Int) -> PlanBlock {
        let rails = PlanGraph.Rails(graph)
        guard graph.nodes.count <= PlanDrawing.mostTasks, rails.width * 2 <= min(mostRails * 2, width / 3) else {
            return list(graph, width: width)
        }
        var block = PlanBlock()
        for row in rails.rows {
            let node = graph.nodes[row.node]
            let margin = rails.width * 2
            block.add(line(row.glyphs, margin, text(node), width: width))
            for note in node.caption.notes {
                block.add(line(row.below, margin, [(.note, "  \(note)")], width: width))
            }
            guard let inner = node.inner else { continue }
            for glyphs in Self.block(inner, width: max(20, width - margin - 2)).rows {
                block.add(
                    PlanBlock.cut(padded(row.below, margin) + [PlanBlock.blank, PlanBlock.blank] + glyphs, width))
            }
        }
        return block
    }

    private static func list(_ graph: PlanGraph, width: Int) -> PlanBlock {
        var block = PlanBlock()
        for node in graph.nodes {
            let needs = node.task.needs.prefix(5).joined(separator: ", ")
            let more = node.task.needs.count > 5 ? " and \(node.task.needs.count - 5) more" : ""
            block.add(
                [(.line, "● ")] + text(node) + (needs.isEmpty ? [] : [(.note, "  needs \(needs)\(more)")]), width: width
            )
            guard let inner = node.inner else { continue }
            for glyphs in Self.block(inner, width: max(20, width - 2)).rows {
                block.add(PlanBlock.cut([PlanBlock.blank, PlanBlock.blank] + glyphs, width))
            }
        }
        return block
    }

    private static func text(_ node: PlanGraph.Node) -> [(PlanDrawing.Ink, String)] {
        [(.id, node.task.id), (.line, "  "), (.verb, node.caption.verb)]
    }

    private static func line(
        _ glyphs: [Character], _ margin: Int, _ pieces: [(PlanDrawing.Ink, String)], width: Int
    ) -> [PlanBlock.Glyph] {
        var block = PlanBlock()
        block.add(pieces, width: max(1, width - margin))
        return padded(glyphs, margin) + (block.rows.first ?? [])
    }

    private static func padded(_ glyphs: [Character], _ margin: Int) -> [PlanBlock.Glyph] {
        (0..<margin).map {
            PlanBlock.Glyph(character: $0 < glyphs.count ? glyphs[$0] : " ", ink: .line)
        }
    }
}

extension PlanGraph {
    /// What stands beside each task.
    fileprivate struct Rails {
        struct Row {
            let node: Int
            var glyphs: [Character]
            /// Beside further lines of the same task.
            var below: [Character]
        }

        private(set) var rows: [Row] = []
        private(set) var width = 1
        /// By rail, whose it is; nil: it is free.
        private var rails: [Int?] = []

        init(_ graph: PlanGraph) {
            var last = [Int](repeating: -1, count: graph.nodes.count)
            var needs = [[Int]](repeating: [], count: graph.nodes.count)
            for edge in graph.edges {
                needs[edge.to].append(edge.from)
            }
            let order = Self.order(needs)
            var places = [Int](repeating: 0, count: order.count)
            for (place, node) in order.enumerated() { places[node] = place }
            for edge in graph.edges where last[edge.from] < 0 || places[edge.to] > places[last[edge.from]] {
                last[edge.from] = edge.to
            }
            for node in order {
                add(node, Set(needs[node]), last)
                // Nobody can follow more.
                if width > PlanDrawing.mostTasks { return }
            }
        }

        /// What can follow a task comes soon after it, so that few rails lie beside each other.
        private static func order(_ needs: [[Int]]) -> [Int] {
            var after = [[Int]](repeating: [], count: needs.count)
            var open = needs.map(\.count)
            for (node, needs) in needs.enumerated() {
                for need in needs { after[need].append(node) }
            }
            var ready = Array(needs.indices.filter { open[$0] == 0 }.reversed())
            var order: [Int] = []
            while let node = ready.popLast() {
                order.append(node)
                for next in after[node].reversed() {
                    open[next] -= 1
                    if open[next] == 0 { ready.append(next) }
                }
            }
            return order
        }

        private mutating func add(_ node: Int, _ needs: Set<Int>, _ last: [Int]) {
            let joined = rails.indices.filter { rails[$0].map(needs.contains) ?? false }
            let ended = joined.filter { rails[$0].map { last[$0] == node } ?? false }
            let free = rails.indices.first { rails[$0] == nil && $0 > (joined.first ?? -1) }
            let own = ended.first ?? free ?? rails.count
            if own == rails.count { rails.append(nil) }
            width = max(width, rails.count)
            var glyphs = [Character](repeating: " ", count: rails.count * 2)
            for rail in rails.indices where rails[rail] != nil { glyphs[rail * 2] = "│" }
            let ends = joined + [own]
            let (first, final) = (ends.min() ?? own, ends.max() ?? own)
            for column in (first * 2)..<(final * 2) where glyphs[column] == " " { glyphs[column] = "─" }
            for rail in joined where rail != own {
                switch (ended.contains(rail), rail < own) {
                case (false, true): glyphs[rail * 2] = "├"
                case (false, false): glyphs[rail * 2] = "┤"
                // Between the first and the own one, others may come in.
                case (true, true): glyphs[rail * 2] = rail == first ? "╰" : "┴"
                case (true, false): glyphs[rail * 2] = rail == final ? "╯" : "┴"
                }
                if !ended.contains(rail), rail != first, rail != final { glyphs[rail * 2] = "┼" }
            }
            glyphs[own * 2] = "●"
            for rail in ended { rails[rail] = nil }
            rails[own] = last[node] >= 0 ? node : nil
            var below = [Character](repeating: " ", count: rails.count * 2)
            for rail in rails.indices where rails[rail] != nil { below[rail * 2] = "│" }
            while rails.last == .some(nil) { rails.removeLast() }
            rows.append(Row(node: node, glyphs: glyphs, below: below))
        }
    }
}
