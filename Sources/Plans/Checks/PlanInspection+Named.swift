internal import Documents
internal import JSON

/// Plans that are run by their names.
extension PlanInspection {
    /// - Parameter names: Those around it.
    func inspect(named name: String, at pointer: String, _ names: [String]) -> Finding {
        let unknown = Finding(type: .any, bounds: .unknown)
        guard let plans = vocabulary.plans else {
            if names.contains(name) { noteCircle(names + [name], at: pointer) }
            return unknown
        }
        guard let document = plans[name] else {
            if names.contains(name) {
                noteCircle(names + [name], at: pointer)
            } else if !vocabulary.hasOtherPlans {
                check(name, among: plans.keys.sorted(), "plan", at: pointer)
            }
            return unknown
        }
        if let circle = circle(from: name, in: names) {
            noteCircle(circle, at: pointer)
            return unknown
        }
        if let known = named[name] { return known }
        // What is wrong with it otherwise is said where it is checked itself.
        guard let plan = Self.plan(document) else { return unknown }
        let inner = PlanInspection(vocabulary, nil, IssueList(file: ""))
        inner.named = named
        inner.references = references
        let found = inner.inspect(plan, at: "", PlanSurroundings(of: plan, names: names))
        named = inner.named
        references = inner.references
        named[name] = found
        return found
    }

    private func noteCircle(_ names: [String], at pointer: String) {
        let start = names.firstIndex(of: names[names.count - 1]) ?? 0
        issues.add(
            pointer, "the plan would never end: \(names[start...].joined(separator: " runs "))",
            "Use repeat, which has a bound, or let one of them do something else.")
    }

    /// The names of plans from the outermost one until one comes again; nil where none does.
    private func circle(from name: String, in names: [String]) -> [String]? {
        var path = names
        var open: [(name: String, rest: ArraySlice<String>)] = []
        var closed: Set<String> = []
        if path.contains(name) { return path + [name] }
        path.append(name)
        open.append((name, references(of: name)[...]))
        while let last = open.indices.last {
            guard let next = open[last].rest.popFirst() else {
                closed.insert(open[last].name)
                open.removeLast()
                path.removeLast()
                continue
            }
            if path.contains(next) { return path + [next] }
            guard !closed.contains(next) else { continue }
            path.append(next)
            open.append((next, references(of: next)[...]))
        }
        return nil
    }

    private func references(of name: String) -> [String] {
        if let known = references[name] { return known }
        let found = vocabulary.plans?[name].flatMap(Self.plan)?.namedPlans.sorted() ?? []
        references[name] = found
        return found
    }

    private static func plan(_ document: JSONValue) -> Plan? {
        var reader = PlanReader(issues: IssueList(file: ""))
        return reader.plan(document, at: "", depth: 0)
    }
}

extension Plan {
    /// The plans that it runs, also from within those that stand inside it.
    var namedPlans: Set<String> {
        tasks.reduce(into: []) { names, task in
            switch task.verb {
            case .plan(.named(let name), _): names.insert(name)
            case .plan(.inline(let plan), _): names.formUnion(plan.namedPlans)
            default: break
            }
        }
    }
}
