internal import JSON
internal import Plans

/// An expression with what it was evaluated from and to, as the history keeps it.
struct Evaluation: Codable, Sendable {
    let expression: String
    let operands: [String: JSONValue]
    let value: JSONValue

    init(_ expression: Expression, in scope: PlanScope) throws {
        self.expression = expression.text
        operands = expression.operands(in: scope.values)
        value = try expression.result(in: scope.values)
    }

    var holds: Bool { value != .null && value != .bool(false) }

    var json: JSONValue {
        .object(["expression": .string(expression), "operands": .object(operands), "value": value])
    }
}
