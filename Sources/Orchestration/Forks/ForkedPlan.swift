internal import JSON
internal import Plans
internal import Queue

/// A plan that is run again in part: what of it, and what it has from its original.
struct ForkedPlan: Sendable {
    let fork: PlanFork
    let plan: Plan
    /// Why each task that is done again is.
    let redone: [String: String]
    /// Those that the original had not needed.
    let spare: Set<String>
    /// The tasks of the original that stand for those of this run.
    let shared: [String: Int64]
    /// The tasks of the original, by name.
    let originals: [String: Int64]

    /// - Parameters:
    ///   - order: What this run, or the plan inside it, does.
    ///   - before: The plan that the original ran; nil: it has not begun.
    init(
        _ fork: PlanFork, of plan: Plan, input: JSONValue, before: (plan: Plan, input: JSONValue)?,
        children: [PlanLink.Child], hasOtherPlans: (PlanTask) async throws -> Bool
    ) async throws {
        self.fork = fork
        self.plan = plan
        let children = Dictionary(children.map { ($0.name, $0) }) { first, _ in first }
        originals = children.mapValues(\.id)
        let change = before.map { InputChange($0.input, input) }
        let sameSettings = before?.plan.contextSettings == plan.contextSettings
        var reasons: [String: String] = [:]
        var spare: Set<String> = []
        for task in plan.tasks {
            var isForked = false
            switch fork.part(task.id) {
            case .again: reasons[task.id] = "named"
            case .output: reasons[task.id] = "has another output"
            case .within:
                reasons[task.id] = "named in part"
                isForked = true
            case .unnamed: break
            }
            let end = children[task.id]?.end
            if end?.isGood != true {
                if reasons[task.id] == nil { reasons[task.id] = "had not completed" }
            } else if let before, let change {
                if !before.plan.defines(task.id, as: plan, isForked: isForked) || !sameSettings {
                    reasons[task.id] = "is another task"
                } else if try await hasOtherPlans(task) {
                    reasons[task.id] = "runs another version of a plan"
                } else if change.affects(task) {
                    reasons[task.id] = "has another input"
                } else if end?.outcome == .cancelled {
                    spare.insert(task.id)
                }
            }
        }
        let redone = plan.redone(reasons, spare: spare)
        self.redone = redone
        self.spare = spare.filter { redone[$0] == nil }
        shared = originals.filter { redone[$0.key] == nil && plan[$0.key] != nil }
    }

    /// How a task that is done again is forked itself.
    func fork(below id: String) -> PlanFork? {
        guard case .within(let cuts) = fork.part(id), let original = originals[id] else { return nil }
        let inner = PlanFork(original: original, cuts: cuts)
        // Where what it comes from is another, only the conversation of an agent can go on.
        return redone[id] == "named in part" && !comesFromOthers(id) || inner.turn != nil ? inner : nil
    }

    private func comesFromOthers(_ id: String) -> Bool {
        plan[id].map { task in (plan.effectiveNeeds(of: task) + task.needs).contains { redone[$0] != nil } } ?? false
    }

    func openNeeds(of task: PlanTask) -> (needs: [String], join: PlanJoin) {
        plan.openNeeds(of: task, redone, spare: spare)
    }

    func output(of id: String) -> JSONValue? {
        if case .output(let value) = fork.part(id) { value } else { nil }
    }

    /// What the history keeps.
    var json: JSONValue {
        .object(["of": .integer(fork.original), "again": .object(redone.mapValues { .string($0) })])
    }
}
