extension Plan {
    /// The tasks that a task waits for: where the failure of one is handled by another, that other.
    package func effectiveNeeds(of task: PlanTask) -> [String] {
        var needs: [String] = []
        for need in task.needs {
            var name = need
            var seen: Set<String> = []
            while seen.insert(name).inserted, case .run(let other, fails: false)? = self[name]?.onError,
                other != task.id
            {
                name = other
            }
            if !needs.contains(name) { needs.append(name) }
        }
        if let handled = task.handles, !needs.contains(handled) { needs.append(handled) }
        return needs
    }
}
