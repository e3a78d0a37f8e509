internal import JSON
internal import Plans
internal import Worker

extension PlanVerb {
    /// What the arguments speak of; nil for a plan, which is no task of its own but a container.
    var roots: Set<String>? {
        switch self {
        case .agent(_, let prompt): prompt.roots
        case .tool(_, let args), .kind(_, let args): args.roots
        case .plan: nil
        case .vote(let vote): vote.options.roots.union(vote.question?.roots ?? [])
        case .approve(let approval): approval.title.roots.union(approval.value?.roots ?? [])
        case .wait(let wait):
            (wait.topic?.roots ?? []).union(wait.key?.roots ?? []).union(wait.moment?.roots ?? [])
                .union((wait.condition?.roots ?? []).subtracting(["event"]))
        case .emit(let topic, let data, let key): topic.roots.union(data.roots).union(key?.roots ?? [])
        }
    }

    /// The arguments of its kind.
    func arguments(
        of task: PlanTask, at place: PlanPlace, in scope: inout PlanScope
    ) throws -> [String: JSONValue] {
        let values = scope.values
        switch self {
        case .agent(let choices, let prompt):
            return try agentArguments(choices, prompt.value(in: values), task, place)
        case .tool(let name, let args): return ["tool": .string(name), "args": args.value(in: values)]
        case .kind(let kind, let args):
            guard case .object(let members) = args.value(in: values) else {
                throw PermanentFailure("the arguments of kind \(kind) are no object", reason: "arguments")
            }
            return members
        case .plan: return [:]
        case .vote(let vote): return vote.arguments(in: values)
        case .approve(let approval): return approval.arguments(in: values)
        case .wait(let wait): return wait.arguments(in: values)
        case .emit(let topic, let data, let key):
            var arguments: [String: JSONValue] = [
                "topic": .string(topic.string(in: values)), "data": data.value(in: values),
            ]
            arguments["key"] = key.map { .string($0.string(in: values)) }
            return arguments
        }
    }

    private func agentArguments(
        _ choices: [AgentChoice], _ prompt: JSONValue, _ task: PlanTask, _ place: PlanPlace
    ) throws -> [String: JSONValue] {
        guard let agent = place.agent ?? choices[place.choice ?? 0].name else {
            throw PermanentFailure("nobody has chosen an agent", reason: "plan")
        }
        var arguments: [String: JSONValue] = ["agent": .string(agent), "prompt": prompt]
        arguments["schema"] = task.schema?.value
        arguments["repairs"] = task.repairs.map { .integer(Int64($0)) }
        arguments["budget"] = task.budget
        arguments["tools"] = task.tools.map { .array($0.map { .string($0) }) }
        arguments["delegate"] = task.delegate?.json
        return arguments
    }
}

extension AgentChoice {
    /// Nil for one that is chosen by role.
    var name: String? {
        if case .named(let name) = self { name } else { nil }
    }

    var json: JSONValue {
        switch self {
        case .named(let name): .string(name)
        case .role(let role, let skills, let pick):
            .object([
                "role": .string(role), "skills": .array(skills.map { .string($0) }), "pick": .string(pick.rawValue),
            ])
        }
    }
}

extension PlanDelegation {
    var json: JSONValue {
        .object([
            "agents": .array(agents.map { .string($0) }), "max_tasks": .integer(Int64(maxTasks)),
            "max_depth": .integer(Int64(maxDepth)),
        ])
    }
}
