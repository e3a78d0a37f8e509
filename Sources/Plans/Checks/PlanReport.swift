/// What a check of a plan has found.
public struct PlanReport: Sendable {
    /// What could be read; with issues, it is not to be run.
    public let plan: Plan?
    /// All that is wrong, in the order of the file where there is one.
    public let issues: [PlanIssue]
    /// How many more mistakes there are than are listed.
    public var unlisted = 0
    /// Nil when the plan cannot be read.
    public let bounds: PlanBounds?

    public var isGood: Bool { issues.isEmpty }
}
