internal import JSON
internal import Plans
internal import Tools

/// Decides whether a plan that an agent has made may run, and tells it all that is wrong with one.
///
/// A plan could do much that its author may not do itself: so only agents work in it, and only those that the author
/// may give work to.
struct FragmentCheck {
    /// A plan that may run.
    struct Accepted {
        let document: JSONValue
        /// How many tasks it may come to, with everything that is repeated counted as often as it may be.
        let tasks: Int
    }

    let delegation: PlanDelegation
    /// All agents that there are.
    let pool: [AgentRecord]

    /// Throws `ToolError` with all mistakes.
    ///
    /// - Parameter used: Tasks of earlier rounds.
    func accept(_ fragment: JSONValue, used: Int) throws -> Accepted {
        let left = delegation.maxTasks - used
        guard left > 0 else {
            throw ToolError(
                "Nothing was delegated: you may have others do \(delegation.maxTasks) tasks, and have. Answer with what you have."
            )
        }
        let document = try document(fragment)
        let report = checker(left).check(document)
        guard report.isGood, let tasks = report.bounds?.tasks else {
            throw refusal(report.issues, used: used)
        }
        // The run itself is no work.
        return Accepted(document: document, tasks: tasks - 1)
    }

    private func checker(_ left: Int) -> PlanChecker {
        let agents = pool.map {
            ($0.name, PlanVocabulary.Agent(role: $0.role, skills: Set($0.skills), price: $0.price))
        }
        return PlanChecker(
            vocabulary: PlanVocabulary(agents: Dictionary(agents) { first, _ in first }),
            restriction: PlanRestriction(
                agents: Set(delegation.agents), maxTasks: left, maxDepth: delegation.maxDepth - 1))
    }

    private func document(_ fragment: JSONValue) throws -> JSONValue {
        guard case .object(var members) = fragment else {
            throw ToolError(
                "Nothing was delegated: fragment must be an object. Write {\"tasks\": {\"ID\": {\"agent\": \"NAME\", \"prompt\": \"...\"}}}."
            )
        }
        // It is none that has a name.
        members["plan"] = nil
        members["version"] = nil
        return .object(members)
    }

    private func refusal(_ issues: [PlanIssue], used: Int) -> ToolError {
        let most = 20
        var lines = issues.prefix(most).map { "- \($0)" }
        if issues.count > most { lines.append("- and \(issues.count - most) more") }
        if used > 0 { lines.append("(\(used) of your \(delegation.maxTasks) tasks are used up.)") }
        return ToolError(
            "Nothing was delegated, the plan has mistakes:\n\(lines.joined(separator: "\n"))\nMend them all, and call again."
        )
    }
}
