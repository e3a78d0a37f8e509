/// A plan as boxes in layers, with lines from each task to those that need it.
enum PlanBoxes {
    /// How wide the texts may be, and whether all are there: the widest that fits is taken.
    private static let manners: [(text: Int, notes: Bool)] = [
        (44, true), (32, true), (24, true), (24, false), (14, false),
    ]

    /// Nil when it does not fit.
    static func block(_ graph: PlanGraph, width: Int) -> PlanBlock? {
        for manner in manners {
            if let block = block(graph, width: width, manner) { return block }
        }
        return nil
    }

    private static func block(_ graph: PlanGraph, width: Int, _ manner: (text: Int, notes: Bool)) -> PlanBlock? {
        var boxes: [PlanBlock] = []
        for node in graph.nodes {
            guard let box = box(node, width: width, manner) else { return nil }
            boxes.append(box)
        }
        let layout = PlanLayout(widths: boxes.map(\.width), edges: graph.edges, gap: 2)
        guard layout.width <= width else { return nil }
        return Canvas(graph, layout, boxes).block
    }

    private static func box(_ node: PlanGraph.Node, width: Int, _ manner: (text: Int, notes: Bool)) -> PlanBlock? {
        let notes = manner.notes ? node.caption.notes : []
        guard let inner = node.inner else {
            var content = PlanBlock()
            content.add([(.id, node.task.id)], width: manner.text)
            content.add([(.verb, node.caption.verb)], width: manner.text)
            for note in notes { content.add([(.note, note)], width: manner.text) }
            return framed(content, title: [])
        }
        guard var content = block(inner, width: width - 4, manner) else { return nil }
        let room = max(content.width, manner.text)
        var whole = PlanBlock()
        for note in notes { whole.add([(.note, note)], width: room) }
        whole.add(content)
        content = whole
        return framed(content, title: [(.line, " "), (.id, node.task.id), (.line, " ")])
    }

    private static func framed(_ content: PlanBlock, title: [(PlanDrawing.Ink, String)]) -> PlanBlock {
        var heading = PlanBlock()
        heading.add(title, width: 60)
        let width = max(content.width, heading.width + 2)
        var block = PlanBlock(width: width + 4, height: content.height + 2)
        for column in 1..<(width + 3) {
            block.put("─", column: column, row: 0)
            block.put("─", column: column, row: content.height + 1)
        }
        for row in 1...max(1, content.height) {
            block.put("│", column: 0, row: row)
            block.put("│", column: width + 3, row: row)
        }
        block.put("╭", column: 0, row: 0)
        block.put("╮", column: width + 3, row: 0)
        block.put("╰", column: 0, row: content.height + 1)
        block.put("╯", column: width + 3, row: content.height + 1)
        block.put(heading, column: 2, row: 0)
        block.put(content, column: 2, row: 1)
        return block
    }
}

extension PlanBoxes {
    /// Boxes at their places, and the lines between them.
    private struct Canvas {
        var block: PlanBlock

        init(_ graph: PlanGraph, _ layout: PlanLayout, _ boxes: [PlanBlock]) {
            let channels = layout.links.indices.map { PlanChannel(layout, $0, graph.edges) }
            let heights = layout.layers.map { layer in
                layer.compactMap { $0.node.map { boxes[$0].height } }.max() ?? 1
            }
            block = PlanBlock(
                width: layout.width, height: zip(heights, channels).reduce(0) { $0 + $1.0 + $1.1.height })
            var row = 0
            for (index, layer) in layout.layers.enumerated() {
                let leaving = Set(layout.links[index].map(\.from))
                let arriving = index > 0 ? Set(layout.links[index - 1].map(\.to)) : []
                for (place, slot) in layer.enumerated() {
                    guard let node = slot.node else {
                        for y in row..<(row + heights[index]) { block.put("│", column: slot.center, row: y) }
                        continue
                    }
                    block.put(boxes[node], column: slot.left, row: row)
                    if arriving.contains(place) { block.put("▼", column: slot.center, row: row) }
                    guard leaving.contains(place) else { continue }
                    let bottom = row + boxes[node].height
                    block.put("┬", column: slot.center, row: bottom - 1)
                    for y in bottom..<max(bottom, row + heights[index]) { block.put("│", column: slot.center, row: y) }
                }
                row += heights[index]
                channels[index].draw(on: &block, row: row)
                row += channels[index].height
            }
        }
    }
}
