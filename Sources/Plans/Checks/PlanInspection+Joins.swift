internal import Documents
internal import JSON

extension PlanInspection {
    /// Whether a join can come about.
    func checkJoin(_ task: PlanTask, at place: String, _ plan: Plan) {
        guard task.join != .all else { return }
        if task.handles != nil {
            issues.add(
                "\(place)/join", "the task handles the failure of another and joins nothing", "Leave it out.")
            return
        }
        guard !task.needs.isEmpty else {
            // Needs that are none have been noted.
            if plan.document["tasks"]?[task.id]?["needs"] == nil {
                issues.add("\(place)/join", "says nothing without needs", "Give the task needs, or leave it out.")
            }
            return
        }
        guard case .quorum(let quorum) = task.join else { return }
        let needs = plan.effectiveNeeds(of: task).count
        let items = task.needs.count == 1 ? plan[task.needs[0]]?.mostItems : nil
        let (count, what) =
            items.map { ($0, "items of \"\(task.needs[0])\"") } ?? (needs, needs == 1 ? "need" : "needs")
        if quorum > count {
            issues.add(
                "\(place)/join/quorum", "\(quorum) of \(count) \(what) can never come about", "At most \(count).")
        }
    }
}

extension PlanTask {
    /// How many tasks it becomes at most; nil when it does not fan out.
    fileprivate var mostItems: Int? {
        if let each { return each.maximum }
        if case .agent(let choices, _) = verb, choices.count > 1 { return choices.count }
        return nil
    }
}
