/// A graph as pieces of SVG, at the origin.
struct PlanPicture {
    private(set) var lines: [String] = []
    private(set) var width = 0
    private(set) var height = 0

    private static let gap = 28
    private static let channel = 44
    /// Longer texts are cut.
    private static let longest = 52

    private struct Box {
        let width: Int
        let height: Int
        let inner: PlanPicture?
        let texts: [(text: String, style: String)]
    }

    init(_ graph: PlanGraph) {
        let boxes = graph.nodes.map(Self.box)
        let layout = PlanLayout(widths: boxes.map(\.width), edges: graph.edges, gap: Self.gap)
        width = layout.width
        var tops: [Int] = []
        for layer in layout.layers {
            tops.append(height)
            height += (layer.compactMap { $0.node.map { boxes[$0].height } }.max() ?? 0) + Self.channel
        }
        height -= Self.channel
        for (index, links) in layout.links.enumerated() {
            for link in links { addLine(link, layout, index, tops, boxes, graph) }
        }
        for (index, layer) in layout.layers.enumerated() {
            for slot in layer {
                guard let node = slot.node else { continue }
                add(boxes[node], of: graph.nodes[node], x: slot.left, y: tops[index])
            }
        }
    }

    private static func box(_ node: PlanGraph.Node) -> Box {
        let notes = node.caption.notes.map { (cut($0), "note") }
        let inner = node.inner.map { PlanPicture($0) }
        let texts = [(node.task.id, "id")] + (inner == nil ? [(cut(node.caption.verb), "verb")] : []) + notes
        let text = texts.map { width($0.0, size: $0.1 == "id" ? 13 : 12) }.max() ?? 0
        let height = texts.count * 18 + 16
        guard let inner else { return Box(width: text + 32, height: height, inner: nil, texts: texts) }
        return Box(
            width: max(text, inner.width) + 40, height: height + inner.height + 20, inner: inner, texts: texts)
    }

    private mutating func add(_ box: Box, of node: PlanGraph.Node, x: Int, y: Int) {
        lines.append("<g><title>\(Self.escaped(node.task.summary ?? node.task.id))</title>")
        if node.isSeveral { lines.append(Self.rect("box", x + 5, y + 5, box.width, box.height)) }
        lines.append(Self.rect(box.inner == nil ? "box" : "frame", x, y, box.width, box.height))
        lines.append(
            "<rect class=\"\(node.task.verb.word)\" x=\"\(x + 6)\" y=\"\(y + 8)\" width=\"4\" height=\"\(box.texts.count * 18)\" rx=\"2\"/>"
        )
        for (index, line) in box.texts.enumerated() {
            lines.append(Self.text(line.text, line.style, x: x + 18, y: y + 22 + index * 18))
        }
        if let inner = box.inner {
            let left = x + (box.width - inner.width) / 2
            lines.append("<g transform=\"translate(\(left) \(y + box.texts.count * 18 + 18))\">")
            lines += inner.lines + ["</g>"]
        }
        lines.append("</g>")
    }

    private mutating func addLine(
        _ link: PlanLayout.Link, _ layout: PlanLayout, _ index: Int, _ tops: [Int], _ boxes: [Box], _ graph: PlanGraph
    ) {
        let from = layout.layers[index][link.from]
        let to = layout.layers[index + 1][link.to]
        // A line that passes a layer begins where it has entered that.
        let start = tops[index] + (from.node.map { boxes[$0].height } ?? 0)
        let bottom = tops[index + 1] - Self.channel
        let end = tops[index + 1] - (to.node == nil ? 0 : 7)
        var path = "M\(from.center) \(start)"
        if start < bottom { path += " V\(bottom)" }
        if from.center == to.center {
            path += " V\(end)"
        } else {
            let middle = (bottom + end) / 2
            path += " C\(from.center) \(middle) \(to.center) \(middle) \(to.center) \(end)"
        }
        let style = graph.edges[link.edge].isHandler ? "edge failed" : "edge"
        lines.append("<path class=\"\(style)\" d=\"\(path)\"/>")
        guard to.node != nil else { return }
        lines.append(
            "<path class=\"tip\" d=\"M\(to.center - 4) \(end) h8 l-4 7 z\"/>")
    }

    private static func rect(_ style: String, _ x: Int, _ y: Int, _ width: Int, _ height: Int) -> String {
        "<rect class=\"\(style)\" x=\"\(x)\" y=\"\(y)\" width=\"\(width)\" height=\"\(height)\" rx=\"8\"/>"
    }

    static func text(_ text: String, _ style: String, x: Int, y: Int) -> String {
        "<text class=\"\(style)\" x=\"\(x)\" y=\"\(y)\" xml:space=\"preserve\">\(escaped(text))</text>"
    }

    /// In a font whose letters are three fifths of their height.
    static func width(_ text: String, size: Int) -> Int { (text.count * size * 6 + 9) / 10 }

    private static func cut(_ text: String) -> String {
        text.count <= longest ? text : text.prefix(longest - 1) + "…"
    }

    static func escaped(_ text: String) -> String {
        PlanBlock.printable(text).reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
    }
}

extension PlanGraph.Node {
    /// It becomes several tasks beside each other.
    fileprivate var isSeveral: Bool {
        if task.each != nil { return true }
        if case .agent(let choices, _) = task.verb { return choices.count > 1 }
        return false
    }
}
