internal import JSON
internal import Plans
internal import Queue
internal import Worker

/// Makes, of a task that says where it stands in a plan, the task that its handler knows.
struct PlanPreparation: Sendable {
    let library: PlanLibrary

    func prepare(_ context: TaskContext) async throws -> PreparedTask {
        guard let place = PlanPlace(args: try JSONValue(parsing: context.task.args)) else {
            throw PermanentFailure(
                "\"\(PlanPlace.member)\" in the arguments says nothing of a plan", reason: "arguments")
        }
        let node = try await library.node(place, PlanLink(context))
        if node.isOutermost, let reason = try await reasonToSkip(node, context) { return .end(.skipped(reason)) }
        // Containers read their plan themselves.
        guard place.layer == .verb, let roots = node.task.verb.roots else { return .run(args: context.task.args) }
        var scope = try await node.scope(roots, context)
        let args = try JSONValue.object(node.task.verb.arguments(of: node.task, at: place, in: &scope)).bytes
        return .run(args: args, areSecret: scope.isSecret || context.task.argsWereEncrypted)
    }

    private func reasonToSkip(_ node: PlanNode, _ context: TaskContext) async throws -> String? {
        if let handled = node.task.handles {
            let scope = try await node.scope(["error"], context)
            if scope.values["error"] == nil { return "\(handled) has not failed" }
        }
        guard let condition = node.task.when else { return nil }
        let evaluation = try await context.step("when") {
            Evaluation(condition, in: try await node.scope(condition.roots, context))
        }
        return evaluation.holds ? nil : "when: \(condition.text)"
    }
}

extension PlanNode {
    /// What the expressions of the task may speak of.
    func scope(_ roots: Set<String>, _ context: TaskContext) async throws -> PlanScope {
        try await PlanScope(roots, plan: plan, place: place, task: task, scope: place.scope, context)
    }
}
