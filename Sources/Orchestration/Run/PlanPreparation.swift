internal import Documents
internal import JSON
internal import Plans
internal import Queue
internal import Worker

/// Makes, of a task that says where it stands in a plan, the task that its handler knows.
struct PlanPreparation: Sendable {
    let library: PlanLibrary

    func prepare(_ context: TaskContext) async throws -> PreparedTask {
        guard let place = PlanPlace(args: try context.arguments()) else {
            throw PermanentFailure(
                "\"\(PlanPlace.member)\" in the arguments says nothing of a plan", reason: "arguments")
        }
        let node = try await library.node(place, PlanLink(context))
        if node.isOutermost, let reason = try await reasonToSkip(node, context) { return .end(.skipped(reason)) }
        let timeLeft = try await timeLeft(node, context)
        // Containers read their plan themselves.
        guard place.layer == .verb, let wish = node.task.verb.wish else {
            return .run(args: context.task.args, timeLeft: timeLeft)
        }
        let scope = try await node.scope(wish, context)
        let args = JSONValue.object(try node.arguments(in: scope))
        let areSecret = scope.isSecret || context.task.argsWereEncrypted
        // The memory may say something else next time; everything else has been said once for all.
        guard wish.memory.isEmpty else {
            return .run(
                args: try await context.step("args") { args }.bytes, areSecret: areSecret, timeLeft: timeLeft)
        }
        return .run(args: args.bytes, areSecret: areSecret, timeLeft: timeLeft)
    }

    /// The attempts of what only waits for others take no time, so its timeout is that of the task, all its items and
    /// rounds together.
    private func timeLeft(_ node: PlanNode, _ context: TaskContext) async throws -> Duration? {
        guard node.isOutermost, node.task.verb.waits, let timeout = node.task.timeout else { return nil }
        let left = try await PlanLink(context).timeLeft(of: timeout)
        guard left > .zero else {
            throw PermanentFailure("timed out after \(DurationText.text(timeout))", reason: "timeout")
        }
        return left
    }

    private func reasonToSkip(_ node: PlanNode, _ context: TaskContext) async throws -> String? {
        if let handled = node.task.handles {
            let scope = try await node.scope(ScopeWish(["error"]), context)
            if scope.values["error"] == nil { return "\(handled) has not failed" }
        }
        guard let condition = node.task.when else { return nil }
        let evaluation = try await context.step("when") {
            try Evaluation(condition, in: try await node.scope(ScopeWish(condition), context))
        }
        return evaluation.holds ? nil : "when: \(condition.text)"
    }
}

extension PlanNode {
    /// What the expressions of the task may speak of.
    func scope(_ wish: ScopeWish, _ context: TaskContext) async throws -> PlanScope {
        try await PlanScope(wish, plan: plan, place: place, task: task, scope: place.scope, context)
    }

    /// What the concurrency key of a task that is about to be added may speak of, but for what differs from one to the next.
    func keyScope(_ context: TaskContext) async throws -> PlanScope {
        var wish = ScopeWish()
        wish.add(task.key)
        return try await scope(wish.whenAdded, context)
    }
}
