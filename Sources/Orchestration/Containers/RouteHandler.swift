internal import JSON
internal import Plans
internal import Queue
internal import Worker

/// Kind `route`: chooses an agent by role and skills, and gives it the task; when that fails for good, and the plan says
/// so, another one.
struct RouteHandler: Sendable {
    let library: PlanLibrary

    func handle(_ context: TaskContext) async throws -> TaskResult {
        let node = try await context.planNode(library)
        guard case .agent(let choices, _) = node.task.verb else {
            throw PermanentFailure("nobody is to be chosen", reason: "plan")
        }
        let choice = choices[node.place.choice ?? 0]
        let link = PlanLink(context)
        let children = try await link.children()
        if children.isEmpty, let fork = node.place.fork,
            let result = try await begin(fork, node, context, link)
        {
            return result
        }
        let tries = children.filter { $0.name != AgentRouting.chooser }
        if let last = tries.last {
            guard let end = last.end else { return .waitForChildren(join: .settled) }
            if end.outcome == .completed { return .completed((last.output ?? .null).postgres) }
            let left = node.task.retry.map { $0.isElsewhere ? $0.maximum + 1 - tries.count : 0 } ?? 0
            guard end.outcome == .failed, left > 0 else { throw failure(last, end) }
        }
        let chooser = children.first { $0.name == AgentRouting.chooser }
        if let chooser, chooser.end == nil { return .waitForChildren(join: .settled) }
        switch try await next(choice, tries: tries, chooser, node, context) {
        case .agent(let name):
            let inner = node.inside { $0.agent = name }
            try await link.expand([try inner.subtask(named: name, in: try await node.keyScope(context))])
            return .waitForChildren(join: .settled)
        case .ask(let task):
            try await link.expand([task])
            return .waitForChildren(join: .settled)
        case .nobody:
            guard let last = tries.last, let end = last.end else {
                throw PermanentFailure("nobody is left to be chosen", reason: "route")
            }
            throw failure(last, end)
        }
    }

    /// Gives the task to the agent of which the fork speaks; nil when that had not been given it.
    private func begin(
        _ fork: PlanFork, _ node: PlanNode, _ context: TaskContext, _ link: PlanLink
    ) async throws -> TaskResult? {
        let originals = try await link.children(of: fork.original, outputs: [])
        let named = originals.firstIndex { child in
            if case .unnamed = fork.part(child.name) { false } else { child.name != AgentRouting.chooser }
        }
        guard let named else { return nil }
        let agent = originals[named]
        let kept = originals[..<named]
        let choice = "route \(kept.count { $0.name != AgentRouting.chooser } + 1)"
        var steps: [String: JSONValue] = [
            PlanFork.member: .object(["of": .integer(fork.original), "again": .array([.string(agent.name)])])
        ]
        steps[choice] = try await link.source(of: fork.original, step: choice).step
        let shared = Dictionary(uniqueKeysWithValues: kept.filter { $0.end != nil }.map { ($0.name, $0.id) })
        let part = fork.part(agent.name)
        if case .output(let value) = part {
            try await link.expand([ValueHandler.subtask(named: agent.name, value)], steps: steps, shared: shared)
            return .waitForChildren(join: .settled)
        }
        let inner = node.inside {
            $0.agent = agent.name
            if case .within(let cuts) = part { $0.fork = PlanFork(original: agent.id, cuts: cuts) }
        }
        try await link.expand(
            [try inner.subtask(named: agent.name, in: try await node.keyScope(context))], steps: steps, shared: shared)
        return .waitForChildren(join: .settled)
    }

    private func next(
        _ choice: AgentChoice, tries: [PlanLink.Child], _ chooser: PlanLink.Child?, _ node: PlanNode,
        _ context: TaskContext
    ) async throws -> AgentRouting.Decision {
        guard let routing = AgentRouting(choice, besides: tries.map(\.name), chooser: chooser) else {
            // Of several agents some may be named.
            return choice.name.flatMap { tries.isEmpty ? .agent($0) : nil } ?? .nobody
        }
        return try await routing.next(node, context)
    }

    private func failure(_ child: PlanLink.Child, _ end: TaskEnd) -> PermanentFailure {
        PermanentFailure("agent \(child.name): \(end.message ?? "it was cancelled")", reason: end.reason)
    }
}
