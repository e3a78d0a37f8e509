internal import JSON
internal import Plans
internal import Queue
internal import Worker

/// Kind `each`: a task for each element of an array, or for each of several agents. Its output is the array of theirs, in
/// order.
struct EachHandler: Sendable {
    let library: PlanLibrary

    func handle(_ context: TaskContext) async throws -> TaskResult {
        let node = try await context.planNode(library)
        let link = PlanLink(context)
        let join = node.isOutermost ? node.plan.itemJoin(of: node.task) : .all
        let children = try await link.children()
        guard !children.isEmpty else { return try await expand(node, join, context, link) }
        guard children.allSatisfy({ $0.end != nil }) else { return .waitForChildren(join: join.queue) }
        return .completed(JSONValue.array(children.map { output(of: $0, node.task) }).postgres)
    }

    private func expand(
        _ node: PlanNode, _ join: PlanJoin, _ context: TaskContext, _ link: PlanLink
    ) async throws -> TaskResult {
        var steps: [String: JSONValue] = [:]
        var places: [PlanNode] = []
        var parallel: Int?
        if node.place.layer == .each, let each = node.task.each {
            parallel = each.parallel
            let evaluation = Evaluation(each.items, in: try await node.scope(ScopeWish(each.items), context))
            steps["each"] = evaluation.json
            guard case .array(let items) = evaluation.value else {
                throw PermanentFailure(
                    "each: \(each.items.text) is no array but \(evaluation.value.text.prefix(100))", reason: "each")
            }
            guard items.count <= each.maximum else {
                throw PermanentFailure(
                    "each: \(items.count) items, and max_items is \(each.maximum)", reason: "each")
            }
            places = items.enumerated().map { index, item in
                node.inside {
                    $0.item = item
                    $0.index = index
                }
            }
        } else if case .agent(let choices, _) = node.task.verb {
            places = choices.indices.map { choice in node.inside { $0.choice = choice } }
        }
        if case .quorum(let count) = join, count > places.count {
            throw PermanentFailure(
                "a quorum of \(count) cannot be reached with \(places.count) items", reason: "join")
        }
        guard !places.isEmpty else {
            try await link.expand([], steps: steps)
            return .completed(JSONValue.array([]).postgres)
        }
        let scope = try await node.keyScope(context)
        // So many begin at once, and each that ends lets another one begin.
        let tasks = places.enumerated().map { index, inner in
            let before = parallel.flatMap { index >= $0 ? ["[\(index - $0)]"] : nil } ?? []
            return inner.subtask(
                named: "[\(index)]", needs: before, join: .settled, rule: join == .all ? node.task.itemRule : .fail,
                in: scope)
        }
        try await link.expand(tasks, steps: steps)
        return .waitForChildren(join: join.queue)
    }

    private func output(of child: PlanLink.Child, _ task: PlanTask) -> JSONValue {
        if child.end?.outcome == .completed { return child.output ?? .null }
        if case .value(let value) = task.onError, child.end?.isGood == false { return value }
        return .null
    }
}

extension PlanTask {
    /// What the failure of one item means to the others.
    fileprivate var itemRule: PlanErrorRule {
        switch onError {
        case .skip, .value: onError
        // The task as a whole is handled.
        case .fail, .run: .fail
        }
    }
}

extension PlanJoin {
    /// Nil: the queue's own, which is all.
    var queue: JoinPolicy {
        switch self {
        case .all: .all
        case .any: .any
        case .quorum(let count): .quorum(count)
        case .settled: .settled
        }
    }
}

extension TaskContext {
    /// The task of the plan that this one stands for.
    func planNode(_ library: PlanLibrary) async throws -> PlanNode {
        guard let place = PlanPlace(args: try JSONValue(parsing: task.args)) else {
            throw PermanentFailure("kind \(task.kind) is for tasks of plans", reason: "arguments")
        }
        return try await library.node(place, PlanLink(self))
    }
}
