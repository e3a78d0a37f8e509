internal import JSON
internal import Plans

/// A task of a plan, found in its document.
struct PlanNode: Sendable {
    var place: PlanPlace
    /// The plan that it is a task of.
    let plan: Plan
    let task: PlanTask
    /// What calls of tools without a model may touch.
    let settings: JSONValue?

    /// Whether no other task stands for it outside of this one.
    var isOutermost: Bool { task.layers[0] == place.layer }

    /// The place of a task next to it in the same plan, or deeper in it.
    func inside(_ change: (inout PlanPlace) -> Void) -> PlanNode {
        var place = place
        place.layer = task.layer(below: place.layer)
        place.fork = nil
        change(&place)
        return PlanNode(place: place, plan: plan, task: task, settings: settings)
    }
}
