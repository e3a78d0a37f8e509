extension PlanDrawing {
    /// The plan in the language of Graphviz.
    public var dot: String {
        var lines = [
            "digraph \(Self.quoted(plan.name ?? "plan")) {", "    compound=true; rankdir=TB;",
            "    node [shape=box, style=rounded, fontname=\"Helvetica\", fontsize=11];",
            "    edge [fontname=\"Helvetica\", fontsize=9];",
        ]
        Self.dot(graph, at: "", indent: "    ", &lines)
        return (lines + ["}", ""]).joined(separator: "\n")
    }

    private static func dot(_ graph: PlanGraph, at path: String, indent: String, _ lines: inout [String]) {
        for node in graph.nodes {
            let id = path + node.task.id
            let label = ([node.task.id, node.caption.verb] + node.caption.notes).map(escaped).joined(separator: "\\n")
            if let inner = node.inner, !inner.nodes.isEmpty {
                lines.append("\(indent)subgraph \(quoted("cluster " + id)) {")
                lines.append("\(indent)    label=\"\(label)\"; style=rounded; fontname=\"Helvetica\"; fontsize=11;")
                dot(inner, at: id + "/", indent: indent + "    ", &lines)
                lines.append("\(indent)}")
            } else {
                lines.append("\(indent)\(quoted(id)) [label=\"\(label)\"];")
            }
        }
        for edge in graph.edges {
            let from = graph.nodes[edge.from]
            let to = graph.nodes[edge.to]
            var attributes: [String] = []
            // Lines to and from a plan end at its frame.
            if from.inner?.nodes.isEmpty == false {
                attributes.append("ltail=\(quoted("cluster " + path + from.task.id))")
            }
            if to.inner?.nodes.isEmpty == false {
                attributes.append("lhead=\(quoted("cluster " + path + to.task.id))")
            }
            if edge.isHandler { attributes += ["style=dashed", "label=\"on error\""] }
            let end = attributes.isEmpty ? ";" : " [\(attributes.joined(separator: ", "))];"
            lines.append("\(indent)\(quoted(last(from, path))) -> \(quoted(first(to, path)))\(end)")
        }
    }

    private static func first(_ node: PlanGraph.Node, _ path: String) -> String {
        guard let inner = node.inner?.nodes.first else { return path + node.task.id }
        return first(inner, path + node.task.id + "/")
    }

    private static func last(_ node: PlanGraph.Node, _ path: String) -> String {
        guard let inner = node.inner?.nodes.last else { return path + node.task.id }
        return last(inner, path + node.task.id + "/")
    }

    private static func quoted(_ text: String) -> String { "\"\(escaped(text))\"" }

    private static func escaped(_ text: String) -> String {
        PlanBlock.printable(text).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }
}
