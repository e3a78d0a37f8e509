internal import Agents
internal import JSON
internal import Plans
internal import Queue
internal import Worker

/// Kind `plan`: a run, or a plan inside one. It adds the tasks of the plan, waits for them without a worker, and returns
/// what the plan is to return.
struct PlanHandler: Sendable {
    /// The outputs of more tasks than these are not put together where nobody has asked for them.
    private static let mostOutputs = 1000

    let library: PlanLibrary

    /// What a plan's task is to run.
    struct Order {
        let version: Int64
        let path: [String]
        /// The task that has recorded which versions belong together.
        let run: Int64
        let plan: Plan
        /// Of the task that stands for the plan; nil for a run.
        let node: PlanNode?
        let budget: JSONValue?
    }

    func handle(_ context: TaskContext) async throws -> TaskResult {
        let args = try context.arguments()
        let order = try await order(args, context)
        let link = PlanLink(context)
        var children = try await link.children(outputs: [])
        if children.isEmpty {
            let input = try await input(of: order, args, context)
            try check(input, order.plan)
            let forked = try await forked(order, args, input: input, link)
            let tasks = try subtasks(of: order, input: input, forked, context)
            var steps = order.node == nil ? [:] : ["input": input]
            steps[PlanFork.member] = forked?.json
            let shared = forked?.shared ?? [:]
            if try await link.expand(tasks, steps: steps, budget: try budget(of: order), shared: shared) > 0 {
                return .waitForChildren(join: .settled)
            }
            children = try await link.children(outputs: [])
        }
        let again = try await cleaners(of: order, children, context)
        if !again.isEmpty { try await link.expand(again) }
        guard again.isEmpty, children.allSatisfy({ $0.end != nil }) else { return .waitForChildren(join: .settled) }
        let ends = Dictionary(children.map { ($0.name, $0) }) { first, _ in first }
        try refuseFailure(order.plan, ends)
        return .completed(try await output(of: order, context)?.postgres)
    }

    private func order(_ args: JSONValue, _ context: TaskContext) async throws -> Order {
        let link = PlanLink(context)
        if let place = PlanPlace(args: args) {
            let node = try await library.node(place, link)
            guard case .plan(let source, _) = node.task.verb else {
                throw PermanentFailure("\(node.task.id) is no plan", reason: "plan")
            }
            switch source {
            case .inline(let plan):
                return Order(
                    version: place.version, path: place.path, run: place.run, plan: plan, node: node,
                    budget: node.task.budget)
            case .named(let name):
                guard let version = try await link.pins(of: place.run)?.plans[name] else {
                    throw PermanentFailure("there was no plan \"\(name)\" when this run began", reason: "plan")
                }
                let plan = try await library.plan(version, link)
                return Order(
                    version: version, path: [], run: place.run, plan: plan, node: node,
                    budget: node.task.budget ?? plan.budget)
            }
        }
        let pins = try await pins(args, link)
        let plan = try await library.plan(pins.id, link)
        return Order(
            version: pins.id, path: [], run: context.task.id, plan: plan, node: nil,
            budget: args["budget"] ?? plan.budget)
    }

    private func pins(_ args: JSONValue, _ link: PlanLink) async throws -> PlanLink.Pins {
        if case .integer(let row)? = args["fragment"] { return try await link.pin(nil, version: nil, row: row) }
        guard let name = args["plan"]?.string else {
            throw PermanentFailure("the arguments of kind plan need \"plan\", the name of one", reason: "arguments")
        }
        var version: Int?
        if case .integer(let number)? = args["version"] { version = Int(exactly: number) }
        do {
            return try await link.pin(name, version: version, row: nil)
        } catch let error as QueueError where error.code == .unknownTask {
            throw PermanentFailure("\(error)", reason: "plan")
        }
    }

    private func input(of order: Order, _ args: JSONValue, _ context: TaskContext) async throws -> JSONValue {
        guard let node = order.node else { return args["input"] ?? .object([:]) }
        guard case .plan(_, let input?) = node.task.verb else {
            return try await node.scope(ScopeWish(["input"]), context).values["input"] ?? .null
        }
        var wish = ScopeWish()
        wish.add(input)
        return try input.result(in: try await node.scope(wish, context).values)
    }

    private func check(_ input: JSONValue, _ plan: Plan) throws {
        guard let violation = plan.input?.violations(of: input).first else { return }
        throw PermanentFailure("input\(violation.pointer): \(violation.message)", reason: "input")
    }

    private func budget(of order: Order) throws -> AgentBudget? {
        do {
            return try order.budget.flatMap { value throws(AgentConfigError) in try AgentBudget(value) }
        } catch {
            throw PermanentFailure("budget: \(error)", reason: "arguments")
        }
    }

    private func subtasks(
        of order: Order, input: JSONValue, _ forked: ForkedPlan?, _ context: TaskContext
    ) throws -> [JSONValue] {
        let scope = PlanScope(with: ["input": input])
        return try order.plan.tasks.compactMap { task -> JSONValue? in
            if let forked, forked.redone[task.id] == nil { return nil }
            if let value = forked?.output(of: task.id) { return ValueHandler.subtask(named: task.id, value) }
            let (needs, join) =
                forked?.openNeeds(of: task) ?? (order.plan.effectiveNeeds(of: task), order.plan.effectiveJoin(of: task))
            return try node(of: task, in: order, context, fork: forked?.fork(below: task.id)).subtask(
                named: task.id, needs: needs, join: join,
                rule: task.fansOut && order.plan.itemJoin(of: task) != .all ? .fail : task.onError, in: scope)
        }
    }

    func node(
        of task: PlanTask, in order: Order, _ context: TaskContext, fork: PlanFork? = nil
    ) -> PlanNode {
        // Into a plan that stands in the document these reach, into one of its own they do not.
        let outer = order.path.isEmpty ? nil : order.node?.place
        let place = PlanPlace(
            version: order.version, path: order.path + [task.id], layer: task.layers[0], scope: context.task.id,
            run: order.run, item: outer?.item, index: outer?.index, round: outer?.round, previous: outer?.previous,
            fork: fork)
        return PlanNode(place: place, plan: order.plan, task: task, settings: nil)
    }

    private func refuseFailure(_ plan: Plan, _ ends: [String: PlanLink.Child]) throws {
        let lost = plan.unabsorbed { id in
            ends[id].flatMap { child in child.end.map { ($0, child.isForgiven) } }
        }
        guard !lost.isEmpty else { return }
        // The one that failed says more than those that were cancelled for it.
        let first =
            plan.tasks.lazy.compactMap { ends[$0.id] }.first { $0.end?.outcome == .failed && !$0.isForgiven }
            ?? plan.tasks.lazy.compactMap { ends[$0.id] }
            .first { $0.end.map { !$0.isGood } == true && !$0.isForgiven } ?? ends[lost[0]]
        let what = first?.end?.outcome == .cancelled ? "was cancelled" : "failed"
        throw PermanentFailure(
            "task \(first?.name ?? lost[0]) \(what): \(first?.end?.message ?? "no reason is known")",
            reason: "plan",
            detail: .object([
                "task": first.map { .integer($0.id) } ?? .null, "name": .string(first?.name ?? lost[0]),
                "reason": first?.end?.reason.map { .string($0) } ?? .null,
            ]))
    }

    private func output(of order: Order, _ context: TaskContext) async throws -> JSONValue? {
        let plan = order.plan
        if let output = plan.output {
            let scope = try await PlanScope(
                ScopeWish(output), plan: plan, place: nil, scope: context.task.id, context)
            return try output.result(in: scope.values)
        }
        guard plan.tasks.count <= Self.mostOutputs else { return nil }
        let names = Set(plan.tasks.map(\.id))
        let scope = try await PlanScope(ScopeWish(names), plan: plan, place: nil, scope: context.task.id, context)
        return .object(scope.values.filter { names.contains($0.key) })
    }
}
