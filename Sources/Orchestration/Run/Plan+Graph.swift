internal import Plans

/// How the needs of a plan become those of the queue.
extension Plan {
    func effectiveJoin(of task: PlanTask) -> PlanJoin {
        // Whether it has to run, it finds out itself.
        if task.handles != nil { return .settled }
        return countsItems(task) ? .all : task.join
    }

    /// Whether the join of a task is over the items of the one need that it has.
    private func countsItems(_ task: PlanTask) -> Bool {
        guard task.join != .all, task.needs.count == 1, let need = self[task.needs[0]] else { return false }
        return need.fansOut
    }

    /// How the items of a task are joined: as the task that needs only this one says.
    func itemJoin(of task: PlanTask) -> PlanJoin {
        tasks.first { $0.needs == [task.id] && $0.join != .all && countsItems($0) }?.join ?? .all
    }

    /// The failures that nobody has absorbed: those of tasks that no other needs.
    ///
    /// A task whose dependants went on nevertheless, by their joins, has failed for nobody.
    func unabsorbed(_ end: (String) -> (end: TaskEnd, isForgiven: Bool)?) -> [String] {
        let needed = Set(tasks.filter { $0.handles == nil }.flatMap(effectiveNeeds(of:)))
        return tasks.map(\.id).filter { id in
            guard !needed.contains(id), let end = end(id) else { return false }
            return !end.end.isGood && !(end.isForgiven && end.end.reason != "cancelled")
        }
    }
}
