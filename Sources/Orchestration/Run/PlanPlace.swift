internal import JSON

/// Where a task stands in a plan: what `$plan` in its arguments says.
struct PlanPlace: Sendable, Hashable {
    static let key = "$plan"

    /// The row of `plan_version`.
    var version: Int64
    /// Ids from the outermost plan inwards; empty for the plan itself.
    var path: [String] = []
    /// The task of the plan that it is part of; nil for the outermost one.
    var scope: Int64?
    var item: JSONValue?
    var index: Int?
    var round: Int?
    /// The task of the round before.
    var previous: Int64?
}
