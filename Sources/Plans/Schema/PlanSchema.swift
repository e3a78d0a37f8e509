internal import CPlanSchema

/// The JSON Schema of plans, for editors: `docs/plan.schema.json`.
///
/// It knows the form of a plan. What depends on other parts of it, such as needs that lead nowhere, `PlanChecker` finds.
public enum PlanSchema {
    public static let text: String = {
        var length = 0
        let start = agentcorp_plan_schema(&length)
        return String(decoding: UnsafeBufferPointer(start: start, count: length), as: UTF8.self)
    }()
}
