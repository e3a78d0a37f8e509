internal import JSON
internal import Plans
internal import Queue
internal import Worker

/// Tasks that clean up after one that has failed for good: `on_error: {run, then: fail}`.
extension PlanHandler {
    /// Those that have cleaned up after an earlier failure of what has been retried since, to be done once more if it
    /// fails again: each time a task of its own, because what was done once is not undone.
    func cleaners(
        of order: Order, _ children: [PlanLink.Child], _ context: TaskContext
    ) async throws -> [JSONValue] {
        var tasks: [JSONValue] = []
        for task in order.plan.tasks {
            guard let handled = task.handles, case .run(_, fails: true)? = order.plan[handled]?.onError,
                let child = children.first(where: { $0.name == handled }), child.end?.isGood != true
            else { continue }
            let before = children.filter { $0.name == task.id || $0.name.hasPrefix(task.id + " ") }
            guard !before.isEmpty, before.allSatisfy({ $0.hasEnded(before: child) }) else { continue }
            let node = node(of: task, in: order, context)
            tasks.append(
                try node.subtask(
                    named: "\(task.id) \(before.count + 1)", needs: [handled], join: .settled, rule: task.onError,
                    in: try await node.keyScope(context)))
        }
        return tasks
    }
}

extension PlanLink.Child {
    /// Whether it has done its work before the other one ended, this time.
    fileprivate func hasEnded(before other: PlanLink.Child) -> Bool {
        guard let end, end.outcome != .cancelled, let endedAt else { return false }
        return other.end == nil || other.endedAt.map { endedAt < $0 } == true
    }
}
