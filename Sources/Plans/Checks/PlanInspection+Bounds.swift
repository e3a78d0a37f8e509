internal import JSON

extension PlanInspection {
    /// What a task of an agent can come to: turns that were interrupted are not counted.
    func bounds(of choice: AgentChoice, _ task: PlanTask) -> PlanBounds {
        let candidates = vocabulary.candidates(choice).map { Array($0.values) } ?? []
        let turns = candidates.map { $0.maxTurns ?? PlanVocabulary.usualTurns }.max() ?? PlanVocabulary.usualTurns
        var bounds = PlanBounds(tasks: 1, modelCalls: min(turns, task.budget?.turns ?? .max), usd: nil)
        let own = task.budget?.usd
        let dearest = candidates.map { agent in agent.price == 0 ? 0 : agent.budget ?? .infinity }.max() ?? .infinity
        let usd = min(own ?? .infinity, dearest)
        bounds.usd = usd.isFinite ? usd : nil
        if let retry = task.retry, retry.isElsewhere, case .role = choice { bounds = bounds * (retry.maximum + 1) }
        if case .role(_, _, let pick) = choice {
            // The task that chooses, and whom it may ask: it answers once, and is corrected twice at most.
            bounds = bounds + PlanBounds(tasks: 1)
            if pick == .model { bounds = bounds + PlanBounds(tasks: 1, modelCalls: 3, usd: usd.isFinite ? usd : nil) }
        }
        guard let delegate = task.delegate else { return bounds }
        return bounds + delegated(delegate, task)
    }

    /// All tasks below count, however deep they are.
    private func delegated(_ delegate: PlanDelegation, _ task: PlanTask) -> PlanBounds {
        var most = PlanBounds()
        for name in delegate.agents {
            var inner = task
            inner.delegate = nil
            inner.budget = nil
            let bounds = self.bounds(of: .named(name), inner)
            most.modelCalls = max(most.modelCalls ?? 0, bounds.modelCalls ?? 0)
            most.usd = bounds.usd.flatMap { usd in most.usd.map { max($0, usd) } }
        }
        most.tasks = 1
        var all = most * delegate.maxTasks
        // What it delegates comes out of its own budget.
        all.usd = task.budget?.usd == nil ? all.usd : 0
        return all
    }
}
