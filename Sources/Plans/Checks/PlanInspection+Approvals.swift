internal import Documents
internal import JSON

extension PlanInspection {
    func approve(_ approval: PlanApproval, at place: String, _ scope: inout PlanTaskScope) -> Finding {
        scope.check(approval.title, at: "\(place)/title")
        let value = approval.value.map { scope.check($0, at: "\(place)/value") }
        if let fallback = approval.fallback {
            if !approval.decisions.contains(fallback) {
                issues.add(
                    "\(place)/default", "\"\(fallback)\" is not among the decisions",
                    "Write \"decisions\": \(JSONValue.array((approval.decisions + [fallback]).map { .string($0) }).text)."
                )
            } else if fallback == "edit" || fallback == "respond" {
                issues.add(
                    "\(place)/default", "\"\(fallback)\" needs a person who writes something", "Use another one.")
            }
            if approval.expires == nil {
                issues.add(
                    "\(place)/default", "never counts: the question does not expire", "Say when: \"expires\": \"2h\".")
            }
        }
        let type = ValueType.object(
            [
                "decision": .words(Set(approval.decisions)), "response": .string.orNull,
                "value": approval.decisions.contains("edit") ? .any : value ?? .any,
            ], .undeclared)
        return Finding(type: type, bounds: PlanBounds(tasks: 1))
    }
}
