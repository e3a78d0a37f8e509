internal import Documents
public import JSON

/// Looks for all that is wrong with a plan, and counts what it can come to.
///
///     let report = PlanChecker(vocabulary: vocabulary).check(document)
///
/// Plans of people and of models are checked alike; for those of models a restriction says what they may do.
public struct PlanChecker: Sendable {
    public var vocabulary: PlanVocabulary
    public var restriction: PlanRestriction?

    public init(vocabulary: PlanVocabulary = PlanVocabulary(), restriction: PlanRestriction? = nil) {
        self.vocabulary = vocabulary
        self.restriction = restriction
    }

    public func check(_ document: JSONValue) -> PlanReport {
        let issues = IssueList(file: "")
        var reader = PlanReader(issues: issues)
        guard let plan = reader.plan(document, at: "", depth: 0) else {
            return PlanReport(plan: nil, issues: issues.planIssues, unlisted: issues.unlisted, bounds: nil)
        }
        let inspection = PlanInspection(vocabulary, restriction, issues)
        let found = inspection.inspect(plan, at: "", PlanSurroundings(of: plan))
        inspection.check(triggers: plan)
        let bounds = found.bounds + PlanBounds(tasks: 1)
        if let restriction { inspection.check(plan, bounds, by: restriction) }
        return PlanReport(plan: plan, issues: issues.planIssues, unlisted: issues.unlisted, bounds: bounds)
    }

    /// The plan, when nothing is wrong with it.
    public func plan(from document: JSONValue) throws(PlanError) -> Plan {
        let report = check(document)
        guard let plan = report.plan, report.isGood else { throw PlanError(report.issues) }
        return plan
    }
}

extension IssueList {
    var planIssues: [PlanIssue] {
        issues.map { PlanIssue(pointer: $0.pointer, message: $0.message, advice: $0.advice) }
    }
}
