internal import JSON
internal import Plans
internal import Worker

/// What a plan has evaluated. In a run a value that exceeds the bounds is no null, but fails the task.
protocol PlanFormula {
    var source: String { get }

    func boundedValue(in scope: [String: JSONValue]) -> JSONValue?
}

extension PlanFormula {
    func result(in scope: [String: JSONValue]) throws -> JSONValue {
        if let value = boundedValue(in: scope) { return value }
        throw PermanentFailure(
            "\(source.prefix(200)): the value is over \(Expression.largestValue >> 20) MiB, or takes too much work",
            reason: "expression")
    }
}

extension Expression: PlanFormula {
    var source: String { text }
}

extension TemplateValue: PlanFormula {
    var source: String { json.text }
}

extension Template: PlanFormula {
    var source: String { text }

    /// As text: null is nothing.
    func text(in scope: [String: JSONValue]) throws -> String {
        _ = try result(in: scope)
        return string(in: scope)
    }
}
