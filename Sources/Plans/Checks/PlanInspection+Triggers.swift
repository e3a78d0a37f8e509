internal import Documents
internal import JSON

extension PlanInspection {
    /// What starts a plan knows the event, and nothing else.
    func check(triggers plan: Plan) {
        guard case .array(let documents)? = plan.document["on"] else { return }
        for (index, document) in documents.enumerated() {
            for (field, isCondition) in [("where", true), ("key", false)] {
                guard let text = document[field]?.string else { continue }
                let place = "/on/\(index)/\(field)"
                let scope: [String: ValueType] = ["event": .any]
                if isCondition {
                    guard let expression = try? Expression(text) else { continue }
                    for problem in expression.conditionProblems(in: scope) { issues.add(problem, at: place) }
                } else {
                    guard let template = try? Template(text) else { continue }
                    for problem in template.type(in: scope).problems { issues.add(problem, at: place) }
                }
            }
        }
    }
}
