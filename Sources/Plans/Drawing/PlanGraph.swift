/// The tasks of a plan as a picture has them.
struct PlanGraph {
    struct Node {
        let task: PlanTask
        let caption: PlanCaption
        /// The plan that stands inside.
        let inner: PlanGraph?
    }

    struct Edge: Hashable {
        let from: Int
        let to: Int
        /// Only when the first has failed.
        let isHandler: Bool
    }

    /// Each after those that it needs.
    let nodes: [Node]
    let edges: [Edge]

    init(_ plan: Plan) {
        nodes = plan.tasks.map { task in
            var inner: PlanGraph?
            if case .plan(.inline(let plan), _) = task.verb { inner = PlanGraph(plan) }
            return Node(task: task, caption: PlanCaption(task), inner: inner)
        }
        let places = Dictionary(plan.tasks.enumerated().map { ($1.id, $0) }) { first, _ in first }
        edges = plan.tasks.enumerated().flatMap { index, task in
            let needs = task.needs.compactMap { places[$0] }.filter { $0 < index }
            return needs.map { Edge(from: $0, to: index, isHandler: false) }
                + [task.handles.flatMap { places[$0] }].compactMap { $0 }
                .map { Edge(from: $0, to: index, isHandler: true) }
        }
    }

    /// Those of plans inside included.
    var count: Int { nodes.reduce(0) { $0 + 1 + ($1.inner?.count ?? 0) } }
}
