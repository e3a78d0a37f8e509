extension PlanDrawing {
    /// The plan in the language of Mermaid, which GitHub and others draw in Markdown.
    public var mermaid: String {
        var lines = ["flowchart TD"]
        Self.mermaid(graph, at: "t_", indent: "    ", &lines)
        return (lines + [""]).joined(separator: "\n")
    }

    private static func mermaid(_ graph: PlanGraph, at path: String, indent: String, _ lines: inout [String]) {
        for node in graph.nodes {
            // Some words mean something to Mermaid, so no id is one by itself.
            let id = path + node.task.id
            let texts = [node.caption.verb] + node.caption.notes
            if let inner = node.inner, !inner.nodes.isEmpty {
                let label = ([node.task.id] + node.caption.notes).map(plain).joined(separator: "<br>")
                lines.append("\(indent)subgraph \(id)[\"\(label)\"]")
                mermaid(inner, at: id + "__", indent: indent + "    ", &lines)
                lines.append("\(indent)end")
            } else {
                let label = "<b>\(plain(node.task.id))</b><br>" + texts.map(plain).joined(separator: "<br>")
                let (open, close) = shape(node.task.verb)
                lines.append("\(indent)\(id)\(open)\"\(label)\"\(close)")
            }
        }
        for edge in graph.edges {
            let arrow = edge.isHandler ? "-. on error .->" : "-->"
            lines.append(
                "\(indent)\(path)\(graph.nodes[edge.from].task.id) \(arrow) \(path)\(graph.nodes[edge.to].task.id)")
        }
    }

    private static func shape(_ verb: PlanVerb) -> (String, String) {
        switch verb {
        case .agent: ("(", ")")
        case .tool, .kind: ("[", "]")
        case .plan: ("[[", "]]")
        case .vote: ("{{", "}}")
        case .approve: ("[/", "/]")
        case .wait, .emit: ("([", "])")
        }
    }

    /// Without what Mermaid, or HTML, would read.
    private static func plain(_ text: String) -> String {
        PlanBlock.printable(text).reduce(into: "") { result, character in
            if "\"#<>&`\\{}[]()|;".contains(character), let value = character.unicodeScalars.first?.value {
                result += "#\(value);"
            } else {
                result.append(character)
            }
        }
    }
}
