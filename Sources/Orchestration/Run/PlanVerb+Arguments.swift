internal import JSON
internal import Plans
internal import Worker

extension PlanVerb {
    /// What the arguments speak of; nil for a plan, which is no task of its own but a container.
    var wish: ScopeWish? {
        var wish = ScopeWish()
        switch self {
        case .agent(_, let prompt): wish.add(prompt)
        case .tool(_, let args), .kind(_, let args): wish.add(args)
        case .plan: return nil
        case .vote(let vote):
            wish.add(vote.options)
            wish.add(vote.question)
        case .approve(let approval):
            wish.add(approval.title)
            wish.add(approval.value)
        case .wait(let wait):
            wish.add(wait.condition)
            // That is what it waits for.
            wish.remove("event")
            wish.add(wait.topic)
            wish.add(wait.key)
            wish.add(wait.moment)
        case .emit(let topic, let data, let key):
            wish.add(topic)
            wish.add(data)
            wish.add(key)
        }
        return wish
    }
}

extension PlanNode {
    /// The arguments of the kind that the task is of.
    func arguments(in scope: PlanScope) throws -> [String: JSONValue] {
        let values = scope.values
        switch task.verb {
        case .agent(let choices, let prompt): return try agentArguments(choices, prompt.result(in: values))
        case .tool(let name, let args):
            var arguments: [String: JSONValue] = ["tool": .string(name), "args": try args.result(in: values)]
            arguments["context_settings"] = settings
            return arguments
        case .kind(let kind, let args):
            guard case .object(let members) = try args.result(in: values) else {
                throw PermanentFailure("the arguments of kind \(kind) are no object", reason: "arguments")
            }
            return members
        case .plan: return [:]
        case .vote(let vote):
            var arguments = try vote.arguments(in: values)
            arguments["budget"] = task.budget
            return arguments
        case .approve(let approval): return try approval.arguments(in: values)
        case .wait(let wait): return try wait.arguments(in: values)
        case .emit(let topic, let data, let key):
            var arguments: [String: JSONValue] = [
                "topic": .string(try topic.text(in: values)), "data": try data.result(in: values),
            ]
            arguments["key"] = try key.map { .string(try $0.text(in: values)) }
            return arguments
        }
    }

    private func agentArguments(_ choices: [AgentChoice], _ prompt: JSONValue) throws -> [String: JSONValue] {
        guard let agent = place.agent ?? choices[place.choice ?? 0].name else {
            throw PermanentFailure("nobody has chosen an agent", reason: "plan")
        }
        var arguments: [String: JSONValue] = ["agent": .string(agent), "prompt": prompt]
        arguments["schema"] = task.schema?.value
        arguments["repairs"] = task.repairs.map { .integer(Int64($0)) }
        arguments["budget"] = task.budget
        arguments["tools"] = task.tools.map { .array($0.map { .string($0) }) }
        arguments["delegate"] = task.delegate?.json
        if let fork = place.fork, let cut = fork.turn, let turn = cut.turn {
            var members: [String: JSONValue] = ["task": .integer(fork.original), "turn": .integer(Int64(turn))]
            members["message"] = cut.message.map { .string($0) }
            arguments["fork"] = .object(members)
        }
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
