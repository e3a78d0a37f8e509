/// What a plan finds around it.
struct PlanSurroundings {
    var input: ValueType
    /// What of the tasks around it expressions may speak of: `item`, `round` and so on.
    var words: [String: ValueType] = [:]
    /// Plans around it that have names.
    var names: [String] = []

    init(input: ValueType, words: [String: ValueType] = [:], names: [String] = []) {
        self.input = input
        self.words = words
        self.names = names
    }

    /// Those of a plan that is run by itself.
    init(of plan: Plan, names: [String] = []) {
        input = plan.input.map { ValueType($0) } ?? .any
        self.names = names + [plan.name].compactMap { $0 }
    }
}
