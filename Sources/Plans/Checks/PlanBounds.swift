/// What a run of a plan can come to at most. Nil: not known.
public struct PlanBounds: Sendable, Hashable, Codable {
    /// Tasks, those that stand for several others included.
    public var tasks: Int?
    /// Answers of models.
    public var modelCalls: Int?
    /// What they cost in USD.
    public var usd: Double?

    enum CodingKeys: String, CodingKey {
        case tasks, usd
        case modelCalls = "model_calls"
    }

    public init(tasks: Int? = 0, modelCalls: Int? = 0, usd: Double? = 0) {
        self.tasks = tasks
        self.modelCalls = modelCalls
        self.usd = usd
    }

    static let unknown = PlanBounds(tasks: nil, modelCalls: nil, usd: nil)

    static func + (left: PlanBounds, right: PlanBounds) -> PlanBounds {
        PlanBounds(
            tasks: sum(left.tasks, right.tasks), modelCalls: sum(left.modelCalls, right.modelCalls),
            usd: left.usd.flatMap { left in right.usd.map { left + $0 } })
    }

    static func * (bounds: PlanBounds, count: Int) -> PlanBounds {
        PlanBounds(
            tasks: product(bounds.tasks, count), modelCalls: product(bounds.modelCalls, count),
            usd: bounds.usd.map { $0 * Double(count) })
    }

    /// No more than a budget allows.
    func capped(usd: Double?, turns: Int?) -> PlanBounds {
        PlanBounds(
            tasks: tasks, modelCalls: turns.map { turns in modelCalls.map { min($0, turns) } ?? turns } ?? modelCalls,
            usd: usd.map { usd in self.usd.map { min($0, usd) } ?? usd } ?? self.usd)
    }

    private static func sum(_ left: Int?, _ right: Int?) -> Int? {
        guard let left, let right else { return nil }
        let (sum, isTooLarge) = left.addingReportingOverflow(right)
        return isTooLarge ? .max : sum
    }

    private static func product(_ left: Int?, _ right: Int) -> Int? {
        guard let left else { return nil }
        let (product, isTooLarge) = left.multipliedReportingOverflow(by: right)
        return isTooLarge ? .max : product
    }
}
