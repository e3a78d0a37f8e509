internal import Documents
internal import JSON

/// What the expressions of a plan's tasks may speak of, task by task.
struct PlanTaskScope {
    /// What the tasks return, those that have been looked at.
    var types: [ValueType]
    /// What the task at hand may speak of besides.
    var words: [String: ValueType] = [:]

    private let plan: Plan
    private let pointer: String
    private let input: ValueType
    private let outer: [String: ValueType]
    private let issues: IssueList
    private let places: [String: Int]
    /// Ids, also of tasks that could not be read.
    private let ids: Set<String>
    private var reach: PlanReach
    private var task = 0
    /// Some task goes on although one that it needs has failed.
    private let isLoose: Bool

    init(_ plan: Plan, at pointer: String, _ surroundings: PlanSurroundings, _ issues: IssueList) {
        self.plan = plan
        self.pointer = pointer
        self.issues = issues
        input = surroundings.input
        outer = surroundings.words
        let places = Dictionary(plan.tasks.enumerated().map { ($1.id, $0) }) { first, _ in first }
        self.places = places
        ids = Set(plan.document["tasks"]?.members?.keys.map { $0 } ?? [])
        types = [ValueType](repeating: .any, count: plan.tasks.count)
        reach = PlanReach(
            before: plan.tasks.enumerated().map { index, task in
                // Of a circle, which has been noted, some lie behind.
                let needs = task.handles.flatMap { plan[$0]?.needs } ?? task.needs
                return needs.compactMap { places[$0] }.filter { $0 < index }
            })
        isLoose = plan.tasks.contains { $0.join != .all }
    }

    /// The task at hand, as the document has it.
    var document: JSONValue { plan.document["tasks"]?[plan.tasks[task].id] ?? .null }

    mutating func begin(_ index: Int) {
        task = index
        words = ["input": input, "trigger": .any, "memory": .any]
        words.merge(outer) { $1 }
        if plan.tasks[index].handles != nil {
            words["error"] = .object(["message": .string, "reason": .string.orNull, "task": .string], .undeclared)
        }
    }

    @discardableResult
    mutating func check(_ expression: Expression, at place: String, isCondition: Bool = false) -> ValueType {
        let scope = scope(expression.roots, at: place) { _ in place }
        let found = expression.type(in: scope)
        let problems = isCondition ? expression.conditionProblems(in: scope) : found.problems
        for problem in problems { issues.add(problem, at: place) }
        return found.type
    }

    @discardableResult
    mutating func check(_ template: Template, at place: String) -> ValueType {
        let found = template.type(in: scope(template.roots, at: place) { _ in place })
        for problem in found.problems { issues.add(problem, at: place) }
        return found.type
    }

    @discardableResult
    mutating func check(_ value: TemplateValue, at place: String) -> ValueType {
        if value.isConstant { return ValueType(of: value.json) }
        let scope = scope(value.roots, at: place) { place + (Self.pointer(to: $0, in: value.json, at: "") ?? "") }
        let found = value.type(in: scope)
        for problem in found.problems { issues.add(problem.error, at: place + problem.pointer) }
        return found.type
    }

    /// A concurrency key must be known before the task is added, and so before others have ended.
    mutating func check(key: Template, at place: String) {
        let known: Set<String> = ["input", "trigger", "item", "index", "round"]
        for root in key.roots.sorted() where !known.contains(root) && (ids.contains(root) || words[root] != nil) {
            issues.add(
                place, "\"\(root)\" is not known when the key must be",
                "A key can be made of input, trigger, item, index and round.")
        }
        check(key, at: place)
    }

    /// After a round, what it returned is known, and the tasks of the plan that it was.
    mutating func check(
        until: Expression, after round: PlanInspection.Finding, at place: String, outer: PlanSurroundings
    ) {
        let before = words
        words["output"] = round.type
        words["previous"] = outer.words["previous"]
        words.merge(round.tasks) { $1 }
        check(until, at: place, isCondition: true)
        words = before
    }

    /// The type of what the plan returns, after all of its tasks.
    mutating func outputType() -> ValueType {
        words = ["input": input, "trigger": .any, "memory": .any]
        task = -1
        if let output = plan.output { return check(output, at: "\(pointer)/output") }
        return plan.tasks.count <= 100 ? .closed(taskTypes()) : .any
    }

    func taskTypes() -> [String: ValueType] {
        Dictionary(plan.tasks.indices.map { (plan.tasks[$0].id, type(of: $0)) }) { first, _ in first }
    }

    /// Notes the tasks that speak of others that need not have ended.
    func noteOutOfReach() {
        for question in reach.denied() {
            let id = plan.tasks[question.task].id
            if plan.tasks[question.task].handles == question.root {
                issues.add(
                    question.pointer, "\"\(question.root)\" has failed when this runs, and returned nothing",
                    "What happened is in error.message and error.reason.")
            } else if plan.tasks[question.task].handles != nil {
                issues.add(
                    question.pointer, "\"\(question.root)\" need not have ended when this runs",
                    "Let the task that it handles need it.")
            } else {
                issues.add(
                    question.pointer,
                    "\"\(question.root)\" is not among what \"\(id)\" needs, also not by way of others",
                    "Add \"\(question.root)\" to the needs of \"\(id)\".")
            }
        }
    }

    private func type(of index: Int) -> ValueType {
        var type = types[index]
        if case .run(let handler, fails: false) = plan.tasks[index].onError, let place = places[handler] {
            type = .union(of: [type, types[place]])
        }
        return isLoose ? type.orNull : type
    }

    /// - Parameter pointer: Where in the field a name stands.
    private mutating func scope(
        _ roots: Set<String>, at place: String, _ pointer: (String) -> String
    ) -> [String: ValueType] {
        var scope: [String: ValueType] = [:]
        for root in roots.sorted() {
            if let type = words[root] {
                scope[root] = type
            } else if let index = places[root] {
                scope[root] = type(of: index)
                if task >= 0 {
                    if index == task {
                        issues.add(
                            pointer(root), "the task speaks of what it returns itself",
                            plan.tasks[task].loop == nil
                                ? "Only those that need it know that." : "What the last round returned is previous.")
                    } else {
                        reach.ask(PlanReach.Question(task: task, need: index, pointer: pointer(root), root: root))
                    }
                }
            } else {
                scope[root] = .any
                if !ids.contains(root) { noteUnknown(root, at: pointer(root)) }
            }
        }
        return scope
    }

    private func noteUnknown(_ root: String, at place: String) {
        let advice =
            switch root {
            case "item", "index": "It is there where the task, or one around it, has each."
            case "previous", "round": "It is there where the task, or one around it, has repeat."
            case "output": "It is there in until only; elsewhere write the id of the task."
            case "event": "It is there in where only; what started the run is trigger."
            case "error": "It is there in the tasks that on_error names with run."
            default:
                PlanOrder.guess(root, (Array(ids.prefix(1000)) + words.keys).sorted())
            }
        issues.add(place, "there is no \"\(root.prefix(100))\" here", advice)
    }

    /// Where a name stands in a value.
    private static func pointer(to root: String, in value: JSONValue, at pointer: String) -> String? {
        switch value {
        case .string(let text): (try? Template(text))?.roots.contains(root) == true ? pointer : nil
        case .array(let elements):
            elements.enumerated().lazy.compactMap { Self.pointer(to: root, in: $1, at: "\(pointer)/\($0)") }.first
        case .object(let members):
            members.sorted { $0.key < $1.key }.lazy.compactMap {
                Self.pointer(to: root, in: $0.value, at: "\(pointer)/\(DocumentFields.escaped($0.key))")
            }.first
        default: nil
        }
    }
}

extension IssueList {
    func add(_ error: ExpressionError, at pointer: String) {
        let hint = error.hint.map { $0.prefix(1).uppercased() + $0.dropFirst() } ?? ""
        let advice = hint.isEmpty || hint.hasSuffix("?") || hint.hasSuffix(".") ? hint : hint + "."
        add(pointer, "\(error.message) (at byte \(error.offset + 1))", advice)
    }
}
