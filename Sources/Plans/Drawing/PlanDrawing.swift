/// Pictures of a plan.
public struct PlanDrawing: Sendable {
    /// What a piece of a text picture is, for those who give it a colour.
    public enum Ink: Sendable, Hashable {
        case line, id, verb, note, title
    }

    /// Of more tasks than these no picture is made, but a list.
    public static let mostTasks = 300

    public let plan: Plan
    let graph: PlanGraph

    public init(_ plan: Plan) {
        self.plan = plan
        graph = PlanGraph(plan)
    }

    /// The plan for a terminal: boxes in layers where they fit, else one line for each task.
    ///
    /// - Parameters:
    ///   - width: In columns.
    ///   - usesUnicode: False: with ASCII only.
    ///   - styled: Gives a piece its colour.
    public func text(
        width: Int = 100, usesUnicode: Bool = true, styled: (Ink, String) -> String = { $1 }
    ) -> String {
        var block = PlanBlock()
        for line in head { block.add([(.title, line.title), (.note, line.rest)], width: width) }
        if graph.count <= Self.mostTasks, let boxes = PlanBoxes.block(graph, width: width) {
            block.add(boxes)
        } else {
            block.add(PlanRails.block(graph, width: width))
        }
        if let output = plan.output { block.add([(.note, "returns "), (.title, output.text)], width: width) }
        return block.text(usesUnicode: usesUnicode, styled: styled)
    }

    /// Lines above the picture.
    private var head: [(title: String, rest: String)] {
        var lines: [(String, String)] = []
        let count = graph.count
        if let name = plan.name { lines.append((name, ", \(count) task\(count == 1 ? "" : "s")")) }
        if let summary = plan.summary {
            lines.append(("", String(summary.prefix { $0 != "\n" })))
        }
        for trigger in plan.triggers { lines.append(("on ", trigger.caption)) }
        return lines
    }
}
