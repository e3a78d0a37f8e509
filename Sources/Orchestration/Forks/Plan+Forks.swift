internal import JSON
internal import Plans

/// Which tasks of a plan a fork does again.
extension Plan {
    /// All that has to be done again, with the reason: what is named, and what needs any of that.
    ///
    /// - Parameters:
    ///   - named: Why some have to be done again whatever the others are.
    ///   - spare: Those that the original did not need in the end. They are shared as long as they are not needed now.
    func redone(_ named: [String: String], spare: Set<String>) -> [String: String] {
        var redone = named
        var goesOn = true
        while goesOn {
            goesOn = false
            for task in tasks where redone[task.id] == nil {
                guard let need = allNeeds(of: task).first(where: { redone[$0] != nil }) else { continue }
                redone[task.id] = "needs \(need)"
                goesOn = true
            }
            let wanting =
                spare.allSatisfy { redone[$0] != nil }
                ? [] : tasks.filter { redone[$0.id] != nil && !isMet($0, redone, spare) }
            for task in wanting {
                for need in effectiveNeeds(of: task) where redone[need] == nil && spare.contains(need) {
                    redone[need] = "\(task.id) may need it"
                    goesOn = true
                }
            }
        }
        return redone
    }

    /// Those whose ends, and those whose outputs it waits for.
    private func allNeeds(of task: PlanTask) -> [String] {
        let effective = effectiveNeeds(of: task)
        return effective + task.needs.filter { !effective.contains($0) }
    }

    private func isMet(_ task: PlanTask, _ redone: [String: String], _ spare: Set<String>) -> Bool {
        let shared = effectiveNeeds(of: task).filter { redone[$0] == nil }
        let met = shared.count { !spare.contains($0) }
        return switch effectiveJoin(of: task) {
        case .all: met == shared.count
        case .any: met > 0
        case .quorum(let count): met >= count
        case .settled: true
        }
    }

    /// What a task that is done again still waits for, where some of its needs are shared.
    func openNeeds(
        of task: PlanTask, _ redone: [String: String], spare: Set<String>
    ) -> (needs: [String], join: PlanJoin) {
        let needs = effectiveNeeds(of: task)
        let join = effectiveJoin(of: task)
        let open = needs.filter { redone[$0] != nil }
        let met = needs.count { redone[$0] == nil && !spare.contains($0) }
        switch join {
        case .all, .settled: return (open, join)
        case .any: return met > 0 ? ([], .all) : (open, join)
        case .quorum(let count): return met >= count ? ([], .all) : (open, .quorum(count - met))
        }
    }

    /// Whether another document has a task of that name that does the same.
    ///
    /// - Parameter isForked: What stands in an inner plan is compared there.
    func defines(_ id: String, as other: Plan, isForked: Bool) -> Bool {
        let ignored: Set<String> = isForked ? ["description", "plan"] : ["description"]
        func definition(_ plan: Plan) -> [String: JSONValue]? {
            plan.document["tasks"]?[id]?.members?.filter { !ignored.contains($0.key) }
        }
        return definition(self) == definition(other)
    }
}

extension PlanTask {
    /// The plans that it runs by name, those inside plans of its own included.
    var namedPlans: Set<String> {
        switch verb {
        case .plan(.named(let name), _): [name]
        case .plan(.inline(let plan), _): plan.tasks.reduce(into: []) { $0.formUnion($1.namedPlans) }
        default: []
        }
    }
}
