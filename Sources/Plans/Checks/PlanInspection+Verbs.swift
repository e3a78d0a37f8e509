internal import Documents
internal import JSON

extension PlanInspection {
    /// What one execution of the verb returns, and what it can come to.
    func verb(
        _ task: PlanTask, at place: String, _ scope: inout PlanTaskScope, _ surroundings: PlanSurroundings
    ) -> Finding {
        switch task.verb {
        case .agent(let choices, let prompt):
            scope.check(prompt, at: "\(place)/prompt")
            return agent(task, choices, at: place)
        case .tool(let name, let args):
            scope.check(args, at: "\(place)/args")
            check(tool: name, at: "\(place)/tool")
            return Finding(type: .any, bounds: PlanBounds(tasks: 1))
        case .kind(let name, let args):
            scope.check(args, at: "\(place)/args")
            check(name, among: vocabulary.kinds?.sorted(), "kind of task", at: "\(place)/kind")
            return Finding(type: .any, bounds: PlanBounds(tasks: 1))
        case .plan(let source, let input):
            let type = input.map { scope.check($0, at: "\(place)/with") }
            return subplan(task, source, type, input, at: place, &scope, surroundings)
        case .vote(let vote): return self.vote(vote, task, at: "\(place)/vote", &scope)
        case .approve(let approval): return approve(approval, at: "\(place)/approve", &scope)
        case .wait(let wait):
            if let topic = wait.topic { scope.check(topic, at: "\(place)/wait/topic") }
            if let key = wait.key { scope.check(key, at: "\(place)/wait/key") }
            if let moment = wait.moment { scope.check(moment, at: "\(place)/wait/until") }
            if let condition = wait.condition {
                scope.words["event"] = .any
                scope.check(condition, at: "\(place)/wait/where", isCondition: true)
                scope.words["event"] = nil
            }
            return Finding(type: .any, bounds: PlanBounds(tasks: 1))
        case .emit(let topic, let data, let key):
            scope.check(topic, at: "\(place)/emit/topic")
            scope.check(data, at: "\(place)/emit/data")
            if let key { scope.check(key, at: "\(place)/emit/key") }
            return Finding(type: .any, bounds: PlanBounds(tasks: 1))
        }
    }

    private func agent(_ task: PlanTask, _ choices: [AgentChoice], at place: String) -> Finding {
        var bounds = PlanBounds()
        for (index, choice) in choices.enumerated() {
            let pointer = choices.count > 1 ? "\(place)/agent/\(index)" : "\(place)/agent"
            check(choice, at: pointer)
            checkTools(task, of: choice, at: place)
            bounds = bounds + self.bounds(of: choice, task)
        }
        if let delegate = task.delegate { check(delegate, at: "\(place)/delegate") }
        if task.retry?.isElsewhere == true, !choices.contains(where: \.isByRole) {
            issues.add(
                "\(place)/retry/elsewhere", "there is no other agent: none is chosen by role",
                "Write \"agent\": {\"role\": \"...\"}, or leave it out.")
        }
        return Finding(type: task.schema.map { ValueType($0) } ?? answer(of: choices), bounds: bounds)
    }

    /// What agents answer when the task does not say how.
    private func answer(of choices: [AgentChoice]) -> ValueType {
        var types: [ValueType] = []
        for choice in choices {
            guard let candidates = vocabulary.candidates(choice), !candidates.isEmpty else { return .any }
            types += candidates.values.map { agent in agent.output.map { ValueType($0) } ?? .string }
        }
        return .union(of: types)
    }

    private func subplan(
        _ task: PlanTask, _ source: PlanSource, _ type: ValueType?, _ input: TemplateValue?, at place: String,
        _ scope: inout PlanTaskScope, _ surroundings: PlanSurroundings
    ) -> Finding {
        var found: Finding
        switch source {
        case .inline(let plan):
            // Ids of the tasks around it do not reach into it; these words do.
            var words = scope.words.filter { ["item", "index", "round", "previous"].contains($0.key) }
            if task.loop != nil { words["previous"] = previous(of: plan) }
            let known = plan.input.map { ValueType($0) } ?? type ?? surroundings.input
            found = inspect(
                plan, at: "\(place)/plan", PlanSurroundings(input: known, words: words, names: surroundings.names))
            if let schema = plan.input { check(input, type ?? surroundings.input, fits: schema, at: place) }
        case .named(let name):
            found = inspect(named: name, at: "\(place)/plan", surroundings.names)
            if let document = vocabulary.plans?[name], let schema = document["input"].flatMap({ try? JSONSchema($0) }) {
                check(input, type ?? surroundings.input, fits: schema, at: place)
            }
        }
        found.bounds = found.bounds + PlanBounds(tasks: 1)
        found.bounds = found.bounds.capped(usd: task.budget?.usd, turns: task.budget?.turns)
        return found
    }

    /// What the round before returned: of a plan that does not say what it returns, its tasks are known.
    private func previous(of plan: Plan) -> ValueType {
        guard plan.output == nil, plan.tasks.count <= 100 else { return .any }
        return ValueType.closed(Dictionary(plan.tasks.map { ($0.id, .any) }) { first, _ in first }).orNull
    }

    /// Whether a plan is given the input that it wants, as far as that can be told.
    private func check(_ input: TemplateValue?, _ type: ValueType, fits schema: JSONSchema, at place: String) {
        let pointer = input == nil ? "\(place)/plan" : "\(place)/with"
        if let input, input.isConstant {
            for violation in schema.violations(of: input.json) {
                issues.add(
                    pointer + violation.pointer, violation.message, "The schema of the plan's input wants it so.")
            }
        } else if case .object(let properties, .none) = type {
            let required = schema.value["required"].flatMap(\.elements)?.compactMap(\.string) ?? []
            for name in required where properties[name] == nil {
                issues.add(
                    pointer, "the plan's input needs \"\(name)\"", "Write \"with\": {\"\(name)\": ...}.")
            }
            guard schema.value["additionalProperties"] == false, case .object(let known)? = schema.value["properties"]
            else { return }
            for name in properties.keys.sorted() where known[name] == nil {
                issues.add(
                    "\(pointer)/\(DocumentFields.escaped(name))", "the plan's input has no \"\(name)\"",
                    PlanOrder.guess(name, known.keys.sorted()))
            }
        } else if type != .any, !ValueType(schema).overlaps(type) {
            issues.add(pointer, "\(type) does not fit the plan's input, which is \(ValueType(schema))")
        }
    }
}
