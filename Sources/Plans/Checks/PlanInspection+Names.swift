internal import Documents
internal import JSON

/// Whether there is what a plan names.
extension PlanInspection {
    func check(_ name: String, among names: [String]?, _ what: String, at pointer: String) {
        guard let names, !names.contains(name) else { return }
        issues.add(
            pointer, "there is no \(what) \"\(name.prefix(100))\"",
            names.isEmpty ? "There is none at all." : PlanOrder.guess(name, names))
    }

    func check(_ choice: AgentChoice, at pointer: String) {
        guard let agents = vocabulary.agents, let candidates = vocabulary.candidates(choice) else {
            return checkAllowed(choice, nil, at: pointer)
        }
        switch choice {
        case .named(let name):
            check(name, among: agents.keys.sorted(), "agent", at: pointer)
        case .role(let role, let skills, _):
            let peers = agents.values.filter { $0.role == role }
            let known = Set(peers.flatMap(\.skills))
            if peers.isEmpty {
                let roles = Set(agents.values.compactMap(\.role)).sorted()
                issues.add(
                    "\(pointer)/role", "no agent has the role \"\(role)\"",
                    roles.isEmpty ? "No agent has a role." : PlanOrder.guess(role, roles))
            } else if let place = skills.firstIndex(where: { !known.contains($0) }) {
                issues.add(
                    "\(pointer)/skills/\(place)", "no agent of the role \"\(role)\" has the skill \"\(skills[place])\"",
                    known.isEmpty ? "None of them has skills." : PlanOrder.guess(skills[place], known.sorted()))
            } else if candidates.isEmpty {
                issues.add(
                    "\(pointer)/skills", "no agent of the role \"\(role)\" has all of these skills at once",
                    "Ask for fewer, or give an agent the others.")
            }
        }
        checkAllowed(choice, candidates, at: pointer)
    }

    private func checkAllowed(_ choice: AgentChoice, _ candidates: [String: PlanVocabulary.Agent]?, at pointer: String)
    {
        guard let allowed = restriction?.agents else { return }
        switch choice {
        case .named(let name) where !allowed.contains(name):
            issues.add(pointer, "\"\(name)\" may not be given work here", PlanOrder.guess(name, allowed.sorted()))
        case .role(let role, _, _) where candidates.map({ !allowed.isSuperset(of: $0.keys) }) ?? true:
            issues.add(
                pointer, "an agent of the role \"\(role)\" may be one that may not be given work here",
                "Name one of \(allowed.sorted().joined(separator: ", ")).")
        default: break
        }
    }

    func check(tool name: String, at pointer: String) {
        guard let tools = vocabulary.tools, !tools.contains(name), !isOfServer(name) else { return }
        check(name, among: tools.sorted(), "tool", at: pointer)
    }

    private func isOfServer(_ tool: String) -> Bool {
        guard let dot = tool.firstIndex(of: ".") else { return false }
        return vocabulary.mcpServers.contains(String(tool[..<dot]))
    }

    /// Whether every agent that may be chosen has the tools that the task leaves it.
    func checkTools(_ task: PlanTask, of choice: AgentChoice, at place: String) {
        guard let tools = task.tools else { return }
        let candidates = vocabulary.candidates(choice) ?? [:]
        for (index, tool) in tools.enumerated() {
            let pointer = "\(place)/tools/\(index)"
            if let (name, agent) = candidates.sorted(by: { $0.key < $1.key }).first(where: { !$0.value.has(tool) }) {
                let own = agent.tools ?? []
                var advice = own.isEmpty ? "It has none." : PlanOrder.guess(tool, own)
                if case .role = choice {
                    advice += " It may be chosen: ask for a skill that it has not, or name an agent."
                }
                issues.add(pointer, "agent \"\(name)\" has no tool \"\(tool.prefix(100))\"", advice)
            } else if candidates.isEmpty {
                check(tool: tool, at: pointer)
            }
        }
    }

    func check(_ delegate: PlanDelegation, at pointer: String) {
        for (index, name) in delegate.agents.enumerated() {
            check(.named(name), at: "\(pointer)/agents/\(index)")
        }
        guard let restriction else { return }
        if restriction.maxDepth < 1 {
            issues.add(pointer, "whoever gets this work may not delegate it", "Leave out delegate.")
        } else if delegate.maxDepth > restriction.maxDepth {
            issues.add(
                "\(pointer)/max_depth", "\(delegate.maxDepth) is deeper than is allowed here",
                "At most \(restriction.maxDepth).")
        }
    }

    func checkPlace(_ task: PlanTask, _ document: JSONValue, at place: String) {
        if let queue = task.queue { check(queue, among: vocabulary.queues?.sorted(), "queue", at: "\(place)/queue") }
        guard let restriction else { return }
        // Of a task that could not be read, something else has been said.
        if !restriction.verbs.contains(task.verb.word), document[task.verb.word] != nil {
            issues.add(
                "\(place)/\(task.verb.word)", "\(task.verb.word) is not possible here",
                "Use \(restriction.verbs.sorted().joined(separator: ", ")).")
        }
        if case .plan(.named(let name), _) = task.verb {
            issues.add("\(place)/plan", "the plan \"\(name)\" cannot be run from here", "Write the tasks themselves.")
        }
        guard !restriction.allowsPlacement else { return }
        for (name, isThere) in [
            ("queue", task.queue != nil), ("priority", task.priority != nil), ("key", task.key != nil),
        ] where isThere {
            issues.add("\(place)/\(name)", "\(name) is not possible here", "Leave it out.")
        }
    }

    /// What is restricted of the plan as a whole.
    func check(_ plan: Plan, _ bounds: PlanBounds, by restriction: PlanRestriction) {
        if !plan.triggers.isEmpty {
            issues.add("/on", "a plan of an agent cannot start by itself", "Leave out on.")
        }
        // The run itself is no work.
        let tasks = bounds.tasks.map { $0 - 1 }
        if tasks.map({ $0 > restriction.maxTasks }) ?? true {
            issues.add(
                "/tasks",
                "it can come to \(tasks.map { "\($0)" } ?? "any number of") tasks; \(restriction.maxTasks) are allowed",
                "Use fewer; give each a max_items, and repeat a smaller max.")
        }
    }
}

extension PlanVocabulary.Agent {
    /// Whether it may call a tool; true where that is not known.
    func has(_ tool: String) -> Bool {
        guard let tools else { return true }
        let server = tool.firstIndex(of: ".").map { String(tool[..<$0]) }
        return tools.contains { $0 == tool || $0.hasSuffix("*") && tool.hasPrefix($0.dropLast()) }
            || server.map { mcpServers.contains($0) } ?? false
    }
}
