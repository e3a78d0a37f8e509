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
        guard let last = children.last else { return try await begin(1, after: nil, node, context, link) }
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
        try await link.expand([inner.subtask(named: "#\(round)", in: try await node.keyScope(context))])
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
            return Evaluation(until, in: scope)
        }.holds
    }
}
