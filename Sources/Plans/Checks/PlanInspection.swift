internal import Documents
internal import JSON

/// One check of a plan and of all that are inside it.
final class PlanInspection {
    struct Finding {
        /// What the plan returns.
        var type: ValueType
        var bounds: PlanBounds
        /// What the tasks of a plan return, by their ids.
        var tasks: [String: ValueType] = [:]
    }

    let vocabulary: PlanVocabulary
    let restriction: PlanRestriction?
    let issues: IssueList
    /// What is known of plans that are named.
    var named: [String: Finding] = [:]
    /// By name, the plans that a plan names.
    var references: [String: [String]] = [:]

    init(_ vocabulary: PlanVocabulary, _ restriction: PlanRestriction?, _ issues: IssueList) {
        self.vocabulary = vocabulary
        self.restriction = restriction
        self.issues = issues
    }

    func inspect(_ plan: Plan, at pointer: String, _ surroundings: PlanSurroundings) -> Finding {
        var scope = PlanTaskScope(plan, at: pointer, surroundings, issues)
        var bounds = PlanBounds()
        for (index, task) in plan.tasks.enumerated() {
            let place = "\(pointer)/tasks/\(DocumentFields.escaped(task.id))"
            let found = inspect(task, index, at: place, &scope, surroundings)
            scope.types[index] = found.type
            bounds = bounds + found.bounds
            checkJoin(task, at: place, plan)
        }
        let output = scope.outputType()
        scope.noteOutOfReach()
        let budget = plan.budget
        return Finding(
            type: output, bounds: bounds.capped(usd: budget?.usd, turns: budget?.turns),
            // Only a condition of a loop asks for them.
            tasks: pointer.isEmpty ? [:] : scope.taskTypes())
    }

    /// What the task returns, and what it can come to.
    private func inspect(
        _ task: PlanTask, _ index: Int, at place: String, _ scope: inout PlanTaskScope, _ surroundings: PlanSurroundings
    ) -> Finding {
        scope.begin(index)
        if let when = task.when { scope.check(when, at: "\(place)/when", isCondition: true) }
        if let each = task.each {
            let items = scope.check(each.items, at: "\(place)/each")
            if items.elements == nil, items != .null {
                issues.add(
                    "\(place)/each", "\(items) is no array", "It must be one, of which each element gets a task.")
            }
            scope.words["item"] = items.elements ?? .any
            scope.words["index"] = .number
        }
        if let key = task.key { scope.check(key: key, at: "\(place)/key") }
        if task.loop != nil {
            scope.words["round"] = .number
            scope.words["previous"] = ValueType.any
        }
        var inner = self.verb(task, at: place, &scope, surroundings)
        if let until = task.loop?.until {
            scope.check(until: until, after: inner, at: "\(place)/repeat/until", outer: surroundings)
        }
        checkPlace(task, scope.document, at: place)
        inner.bounds = layers(task, inner.bounds)
        return Finding(type: returned(task, inner.type), bounds: inner.bounds)
    }

    /// With the tasks that stand for several.
    private func layers(_ task: PlanTask, _ verb: PlanBounds) -> PlanBounds {
        var bounds = verb
        if let loop = task.loop { bounds = bounds * loop.maximum + PlanBounds(tasks: 1) }
        if case .agent(let choices, _) = task.verb, choices.count > 1 { bounds = bounds + PlanBounds(tasks: 1) }
        if let each = task.each { bounds = bounds * each.maximum + PlanBounds(tasks: 1) }
        return bounds
    }

    private func returned(_ task: PlanTask, _ verb: ValueType) -> ValueType {
        var type = verb
        if case .agent(let choices, _) = task.verb, choices.count > 1 { type = .array(of: type) }
        let isOptional: Bool
        switch task.onError {
        case .skip: isOptional = true
        case .value(let value):
            type = .union(of: [type, ValueType(of: value)])
            isOptional = false
        case .fail, .run: isOptional = false
        }
        if task.each != nil { type = .array(of: isOptional ? type.orNull : type) }
        return isOptional || task.when != nil || task.handles != nil ? type.orNull : type
    }
}

extension JSONValue {
    /// Of a budget.
    var usd: Double? { self["usd"]?.double }

    /// Of a budget.
    var turns: Int? {
        guard case .integer(let turns)? = self["turns"] else { return nil }
        return Int(exactly: turns)
    }
}
