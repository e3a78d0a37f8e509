internal import JSON
internal import Plans
internal import Queue
internal import Worker

/// Kind `repeat`: one task after the other, until a condition holds. Its output is that of the last one.
struct RepeatHandler: Sendable {
    let library: PlanLibrary

    func handle(_ context: TaskContext) async throws -> TaskResult {
        let node = try await context.planNode(library)
        guard let loop = node.task.loop else { throw PermanentFailure("nothing to repeat", reason: "plan") }
        let link = PlanLink(context)
        let children = try await link.children(outputs: [])
        guard let last = children.last else {
            if let fork = node.place.fork { return try await begin(fork, node, context, link) }
            return try await begin(1, after: nil, node, context, link)
        }
        guard let end = last.end else { return .waitForChildren(join: .settled) }
        guard end.isGood else {
            throw PermanentFailure(
                "round \(children.count) failed: \(end.message ?? "no reason is known")", reason: end.reason)
        }
        let round = children.count
        let output = try await link.children(outputs: [last.name]).last?.output ?? .null
        if round < loop.maximum, try await !isOver(loop, round, last.id, output, node, context) {
            return try await begin(round + 1, after: children, node, context, link)
        }
        if round == loop.maximum { _ = try await isOver(loop, round, last.id, output, node, context) }
        return .completed(output.postgres)
    }

    private func begin(
        _ round: Int, after children: [PlanLink.Child]?, _ node: PlanNode, _ context: TaskContext, _ link: PlanLink
    ) async throws -> TaskResult {
        let inner = node.inside {
            $0.round = round
            $0.previous = children?.last?.id
        }
        try await link.expand([try inner.subtask(named: "#\(round)", in: try await node.keyScope(context))])
        return .waitForChildren(join: .settled)
    }

    /// Goes on from the round before the first that is to be done again.
    private func begin(
        _ fork: PlanFork, _ node: PlanNode, _ context: TaskContext, _ link: PlanLink
    ) async throws -> TaskResult {
        let originals = try await link.children(of: fork.original, outputs: [])
        let kept = originals.prefix { child in
            if case .unnamed = fork.part(child.name) { child.end?.isGood == true } else { false }
        }
        let name = "#\(kept.count + 1)"
        let steps: [String: JSONValue] = [
            PlanFork.member: .object(["of": .integer(fork.original), "again": .array([.string(name)])])
        ]
        let shared = Dictionary(uniqueKeysWithValues: kept.map { ($0.name, $0.id) })
        let part = fork.part(name)
        if case .output(let value) = part {
            try await link.expand([ValueHandler.subtask(named: name, value)], steps: steps, shared: shared)
            return .waitForChildren(join: .settled)
        }
        let inner = node.inside {
            $0.round = kept.count + 1
            $0.previous = kept.last?.id
            if case .within(let cuts) = part, kept.count < originals.count {
                $0.fork = PlanFork(original: originals[kept.count].id, cuts: cuts)
            }
        }
        // All rounds that there may be are shared: what follows them is decided anew.
        guard let loop = node.task.loop, kept.count < loop.maximum else {
            try await link.expand([], steps: steps, shared: shared)
            return try await handle(context)
        }
        try await link.expand(
            [try inner.subtask(named: name, in: try await node.keyScope(context))], steps: steps, shared: shared)
        return .waitForChildren(join: .settled)
    }

    /// Whether the condition holds after a round, which is decided once.
    private func isOver(
        _ loop: PlanLoop, _ round: Int, _ task: Int64, _ output: JSONValue, _ node: PlanNode, _ context: TaskContext
    ) async throws -> Bool {
        guard let until = loop.until else { return false }
        return try await context.step("until \(round)") {
            var scope = try await node.scope(ScopeWish(until), context)
            // The tasks of the plan that was the round.
            if case .plan(.inline(let plan), _) = node.task.verb {
                let names = until.roots.filter { plan[$0] != nil }
                scope.add(try await PlanScope(ScopeWish(names), plan: plan, place: nil, scope: task, context))
            }
            scope.set("output", output)
            scope.set("round", .integer(Int64(round)))
            return try Evaluation(until, in: scope)
        }.holds
    }
}
