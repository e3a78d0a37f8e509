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
        guard children.allSatisfy({ $0.end != nil }) else {
            return .waitForChildren(join: link.joinOfItems(join, children))
        }
        // Those that a fork shares are older than those before them that it did again.
        let items = children.sorted { Self.index($0.name) < Self.index($1.name) }
        return .completed(JSONValue.array(items.map { output(of: $0, node.task) }).postgres)
    }

    private func expand(
        _ node: PlanNode, _ join: PlanJoin, _ context: TaskContext, _ link: PlanLink
    ) async throws -> TaskResult {
        var steps: [String: JSONValue] = [:]
        var places: [PlanNode] = []
        var parallel: Int?
        if node.place.layer == .each, let each = node.task.each {
            parallel = each.parallel
            let evaluation = try Evaluation(each.items, in: try await node.scope(ScopeWish(each.items), context))
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
        if let fork = node.place.fork {
            return try await expand(places, fork, join, parallel, steps, node, scope, link)
        }
        // So many begin at once, and each that ends lets another one begin.
        let tasks = try places.enumerated().map { index, inner in
            let before = parallel.flatMap { index >= $0 ? ["[\(index - $0)]"] : nil } ?? []
            return try inner.subtask(
                named: "[\(index)]", needs: before, join: .settled, rule: join == .all ? node.task.itemRule : .fail,
                in: scope)
        }
        try await link.expand(tasks, steps: steps)
        return .waitForChildren(join: join.queue)
    }

    /// The items that are done again, where others are shared.
    private func expand(
        _ places: [PlanNode], _ fork: PlanFork, _ join: PlanJoin, _ parallel: Int?, _ steps: [String: JSONValue],
        _ node: PlanNode, _ scope: PlanScope, _ link: PlanLink
    ) async throws -> TaskResult {
        let forked = ForkedItems(
            fork, count: places.count, join: join, items: steps["each"]?["value"],
            before: try await link.source(of: fork.original, step: "each").step?["value"],
            children: try await link.children(of: fork.original, outputs: []))
        let tasks = try forked.again.map { index in
            let name = "[\(index)]"
            if case .output(let value) = fork.part(name) { return ValueHandler.subtask(named: name, value) }
            var inner = places[index]
            inner.place.fork = forked.fork(below: name)
            let before = parallel.flatMap { index >= $0 ? "[\(index - $0)]" : nil }
            return try inner.subtask(
                named: name, needs: before.flatMap { forked.shared[$0] == nil ? [$0] : nil } ?? [], join: .settled,
                rule: join == .all ? node.task.itemRule : .fail, in: scope)
        }
        var steps = steps
        steps[PlanFork.member] = forked.json
        guard try await link.expand(tasks, steps: steps, shared: forked.shared) > 0 else {
            return .completed(
                JSONValue.array(
                    try await link.children().sorted { Self.index($0.name) < Self.index($1.name) }
                        .map { output(of: $0, node.task) }
                ).postgres)
        }
        return .waitForChildren(join: link.joinOfItems(join, try await link.children(outputs: [])))
    }

    /// Of `[3]`.
    private static func index(_ name: String) -> Int { Int(name.dropFirst().dropLast()) ?? 0 }

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
    /// As the queue has it.
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
        guard let place = PlanPlace(args: try arguments()) else {
            throw PermanentFailure("kind \(task.kind) is for tasks of plans", reason: "arguments")
        }
        return try await library.node(place, PlanLink(self))
    }
}
