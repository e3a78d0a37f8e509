internal import JSON
internal import Plans
internal import Queue
internal import Worker

extension PlanHandler {
    /// What of the plan is run again, where the run is a fork; nil: all of it.
    func forked(_ order: Order, _ args: JSONValue, input: JSONValue, _ link: PlanLink) async throws -> ForkedPlan? {
        guard let fork = order.node == nil ? PlanFork(args[PlanFork.member]) : order.node?.place.fork else {
            return nil
        }
        let source = try await link.source(of: fork.original)
        let before = try await plan(of: fork.original, source.args, link)
        let children = try await link.children(of: fork.original, outputs: [])
        let pins = try await link.pins(of: order.run)?.plans ?? [:]
        let old = before?.pins.plans ?? [:]
        return try await ForkedPlan(
            fork, of: order.plan, input: input,
            before: before.map { ($0.plan, source.input ?? source.args["input"] ?? .object([:])) }, children: children
        ) { task in
            pins == old ? false : try await runsOthers(task, pins, old, link)
        }
    }

    /// What the original ran; nil: it has not begun.
    private func plan(
        of original: Int64, _ args: JSONValue, _ link: PlanLink
    ) async throws -> (plan: Plan, pins: PlanLink.Pins)? {
        guard let place = PlanPlace(args: args) else {
            guard let pins = try await link.pins(of: original) else { return nil }
            return (try await library.plan(pins.id, link), pins)
        }
        guard let pins = try await link.pins(of: place.run),
            case .plan(let source, _) = try await library.node(place, link).task.verb
        else { return nil }
        switch source {
        case .inline(let plan): return (plan, pins)
        case .named(let name):
            guard let version = pins.plans[name] else { return nil }
            return (try await library.plan(version, link), pins)
        }
    }

    /// Whether a plan that a task runs by name, or one inside that, is there in another version.
    private func runsOthers(
        _ task: PlanTask, _ pins: [String: Int64], _ old: [String: Int64], _ link: PlanLink
    ) async throws -> Bool {
        var open = task.namedPlans
        var seen = open
        while let name = open.popFirst() {
            guard let version = pins[name], version == old[name] else { return true }
            for inner in try await library.plan(version, link).tasks.flatMap(\.namedPlans)
            where seen.insert(inner).inserted { open.insert(inner) }
        }
        return false
    }
}
