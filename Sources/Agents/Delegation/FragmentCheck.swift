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

    private let delegation: PlanDelegation
    private let known: Set<String>
    private let pool: [AgentRecord]

    /// - Parameters:
    ///   - known: Those agents that may be given work and are there.
    ///   - pool: All that are there.
    init(_ delegation: PlanDelegation, known: [AgentRecord], pool: [AgentRecord]) {
        self.delegation = delegation
        self.known = Set(known.map(\.name))
        self.pool = pool
    }

    /// Throws `ToolError` with all mistakes.
    ///
    /// - Parameter used: Tasks of earlier rounds.
    func accept(_ fragment: JSONValue, used: Int) throws -> Accepted {
        let document = try document(fragment)
        let plan: Plan
        do {
            plan = try PlanReader.plan(from: document)
        } catch {
            throw refusal(error.issues)
        }
        var issues: [PlanIssue] = []
        if !plan.triggers.isEmpty {
            issues.append(PlanIssue(pointer: "/on", message: "your plan starts now", advice: "Leave it out."))
        }
        let tasks = count(plan, at: "", &issues)
        let left = max(0, delegation.maxTasks - used)
        if tasks > left {
            let so = used > 0 ? ", and \(used) are used up" : ""
            issues.append(
                PlanIssue(
                    pointer: "/tasks",
                    message: "may come to \(tasks) tasks; you may have others do \(delegation.maxTasks) in all\(so)",
                    advice: left == 0
                        ? "Answer with what you have." : "Ask for \(left) at most; each counts its max_items."))
        }
        guard issues.isEmpty else { throw refusal(issues) }
        return Accepted(document: document, tasks: tasks)
    }

    private func document(_ fragment: JSONValue) throws -> JSONValue {
        var fragment = fragment
        // Some models send objects as text.
        if let text = fragment.string, let parsed = try? JSONValue(parsing: text) { fragment = parsed }
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

    private func refusal(_ issues: [PlanIssue]) -> ToolError {
        let most = 20
        var lines = issues.prefix(most).map { "- \($0)" }
        if issues.count > most { lines.append("- and \(issues.count - most) more") }
        return ToolError(
            "Nothing was delegated, the plan has mistakes:\n\(lines.joined(separator: "\n"))\nMend them all, and call again."
        )
    }

    // MARK: counting and looking

    private func count(_ plan: Plan, at pointer: String, _ issues: inout [PlanIssue]) -> Int {
        plan.tasks.reduce(0) { sum, task in
            let (total, isOver) = sum.addingReportingOverflow(
                count(task, at: "\(pointer)/tasks/\(task.id)", &issues))
            return isOver ? .max : total
        }
    }

    private func count(_ task: PlanTask, at pointer: String, _ issues: inout [PlanIssue]) -> Int {
        for (name, isThere) in [
            ("queue", task.queue != nil), ("priority", task.priority != nil), ("key", task.key != nil),
        ] where isThere {
            issues.append(PlanIssue(pointer: "\(pointer)/\(name)", message: "is not for you", advice: "Leave it out."))
        }
        var count: Int
        switch task.verb {
        case .agent(let choices, _):
            for (index, choice) in choices.enumerated() {
                look(at: choice, choices.count > 1 ? "\(pointer)/agent/\(index)" : "\(pointer)/agent", &issues)
            }
            count = product(choices.count, 1 + (task.delegate?.maxTasks ?? 0))
        case .vote(let vote):
            for (index, voter) in vote.voters.enumerated() {
                look(at: voter.agent, "\(pointer)/vote/voters/\(index)", &issues)
            }
            if case .judge(let judge) = vote.rule { look(at: judge, "\(pointer)/vote/rule", &issues) }
            if case .judge(let judge) = vote.tie { look(at: judge, "\(pointer)/vote/tie", &issues) }
            count = product(vote.voters.count + 1, vote.rounds)
        case .plan(.inline(let inner), _):
            count = 1 + self.count(inner, at: "\(pointer)/plan", &issues)
        case .approve, .wait: count = 1
        case .tool, .kind, .emit, .plan(.named, _):
            issues.append(
                PlanIssue(
                    pointer: "\(pointer)/\(task.verb.word)", message: "is not for you",
                    advice: "Have an agent do it, with the verb agent."))
            count = 1
        }
        if let delegate = task.delegate { look(at: delegate, "\(pointer)/delegate", &issues) }
        if let each = task.each { count = product(count, each.maximum) }
        if let loop = task.loop { count = product(count, loop.maximum) }
        return count
    }

    private func product(_ one: Int, _ other: Int) -> Int {
        let (product, isOver) = one.multipliedReportingOverflow(by: other)
        return isOver ? .max : product
    }

    private func look(at choice: AgentChoice, _ pointer: String, _ issues: inout [PlanIssue]) {
        switch choice {
        case .named(let name):
            guard !known.contains(name) else { return }
            issues.append(
                PlanIssue(
                    pointer: pointer, message: "\"\(name)\" is no agent that you may give work to",
                    advice: guess(name)))
        case .role(let role, let skills, _):
            let candidates = pool.filter { $0.role == role && Set(skills).isSubset(of: $0.skills) }
            let strangers = candidates.map(\.name).filter { !known.contains($0) }
            if candidates.isEmpty {
                issues.append(
                    PlanIssue(
                        pointer: pointer, message: "nobody has the role \"\(role)\" with these skills",
                        advice: "Name an agent. \(allowed)"))
            } else if !strangers.isEmpty {
                issues.append(
                    PlanIssue(
                        pointer: pointer, message: "the role \"\(role)\" is also that of agents that are not for you",
                        advice: "Name an agent. \(allowed)"))
            }
        }
    }

    private func look(at inner: PlanDelegation, _ pointer: String, _ issues: inout [PlanIssue]) {
        guard delegation.maxDepth > 1 else {
            issues.append(
                PlanIssue(
                    pointer: pointer, message: "those you give work to may not delegate", advice: "Leave it out."))
            return
        }
        if inner.maxDepth >= delegation.maxDepth {
            issues.append(
                PlanIssue(
                    pointer: "\(pointer)/max_depth", message: "\(inner.maxDepth) is too deep",
                    advice: "Write \(delegation.maxDepth - 1) or less."))
        }
        for (index, name) in inner.agents.enumerated() where !known.contains(name) {
            issues.append(
                PlanIssue(
                    pointer: "\(pointer)/agents/\(index)", message: "\"\(name)\" is no agent that you may give work to",
                    advice: guess(name)))
        }
    }

    private func guess(_ name: String) -> String {
        let near = Spelling.nearest(to: name, in: known.sorted()).map { "Did you mean \"\($0)\"? " } ?? ""
        return near + allowed
    }

    private var allowed: String {
        known.isEmpty
            ? "None of those that you may give work to are there." : "There are \(known.sorted().joined(separator: ", "))."
    }
}
