internal import JSON

/// One evaluation: the scope, and how much work is left.
struct ExpressionEvaluation {
    /// How many values may be looked at, and bytes be written, until the evaluation is given up.
    static let mostWork = 16 << 20

    let scope: [String: JSONValue]
    /// The most bytes of JSON that its result may have.
    let largest: Int
    private var work: Int

    init(_ scope: [String: JSONValue], work: Int = mostWork, largest: Int = Expression.largestValue) {
        self.scope = scope
        self.work = work
        self.largest = largest
    }

    /// Whether the condition holds, however large the value is.
    mutating func holds(_ node: ExpressionNode) -> Bool {
        let value = value(of: node)
        return work >= 0 && value.holds
    }

    /// Nil when the bounds are exceeded.
    mutating func result(of node: ExpressionNode) -> JSONValue? {
        let value = value(of: node)
        return checked(value)
    }

    /// The value when it is small enough, and nothing was given up so far.
    func checked(_ value: JSONValue) -> JSONValue? {
        guard work >= 0, fits(value) else { return nil }
        return value
    }

    mutating func spend(_ amount: Int) -> Bool {
        work = amount > work ? -1 : work - amount
        return work >= 0
    }

    private func fits(_ value: JSONValue) -> Bool {
        switch value {
        case .null, .bool, .integer, .number: return true
        default:
            var writer = JSONWriter(limit: largest, keepsBytes: false)
            writer.write(value)
            return !writer.isCut
        }
    }

    mutating func value(of node: ExpressionNode) -> JSONValue {
        guard spend(1) else { return .null }
        switch node.form {
        case .literal(let value): return value
        case .array(let elements):
            var values: [JSONValue] = []
            for element in elements { values.append(value(of: element)) }
            return .array(values)
        case .object(let members):
            var values: [String: JSONValue] = [:]
            for member in members { values[member.key] = value(of: member.value) }
            return .object(values)
        case .root(let name): return scope[name] ?? .null
        case .access(let base, let steps):
            var found = value(of: base)
            for step in steps { found = self.step(step, into: found) }
            return found
        case .not(let operand): return .bool(!value(of: operand).holds)
        case .negative(let operand): return Self.negative(value(of: operand))
        case .and(let operands):
            for operand in operands where !value(of: operand).holds { return false }
            return true
        case .or(let operands):
            for operand in operands where value(of: operand).holds { return true }
            return false
        case .comparison(let left, let comparison, let right):
            return compare(value(of: left), comparison, value(of: right))
        case .sum(let first, let terms): return sum(value(of: first), terms)
        case .call(let function, let arguments): return call(function, arguments)
        }
    }

    private mutating func step(_ step: ExpressionNode.Step, into value: JSONValue) -> JSONValue {
        switch step.form {
        case .member(let name): value[name] ?? .null
        case .element(let index): Self.element(value, index)
        case .computed(let node):
            switch self.value(of: node) {
            case .string(let name): value[name] ?? .null
            case let key: key.index.map { Self.element(value, $0) } ?? .null
            }
        }
    }

    private static func element(_ value: JSONValue, _ index: Int) -> JSONValue {
        guard case .array(let elements) = value, index < elements.count else { return .null }
        return elements[index]
    }

    private static func negative(_ value: JSONValue) -> JSONValue {
        switch value {
        case .integer(.min): .number(0x1p63)
        case .integer(let number): .integer(-number)
        case .number(let number): .number(-number)
        default: .null
        }
    }

    private mutating func compare(
        _ left: JSONValue, _ comparison: ExpressionNode.Comparison, _ right: JSONValue
    ) -> JSONValue {
        switch comparison {
        case .equal: return .bool(areEqual(left, right))
        case .unequal: return .bool(!areEqual(left, right))
        case .within: return contains(right, left)
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            if case .string(let text) = left { guard spend(text.utf8.count / 64) else { return .null } }
            guard let order = JSONValue.order(left, right) else { return .null }
            switch comparison {
            case .less: return .bool(order == .ascending)
            case .lessOrEqual: return .bool(order != .descending)
            case .greater: return .bool(order == .descending)
            default: return .bool(order != .ascending)
            }
        }
    }
}
