internal import JSON

extension ExpressionNode: CustomStringConvertible {
    /// How tightly a form holds together.
    private enum Rank: Int, Comparable {
        case or, and, comparison, sum, sign, whole

        static func < (left: Rank, right: Rank) -> Bool { left.rawValue < right.rawValue }
    }

    /// The text that parses to the same again, with as few brackets as that needs.
    var description: String {
        switch form {
        case .literal(let value): Self.text(value)
        case .array(let elements): "[" + elements.map(\.description).joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.map { "\(Self.text(.string($0.key))): \($0.value)" }.joined(separator: ", ") + "}"
        case .root(let name): name
        case .access(let base, let steps): base.asBase + steps.map(Self.text).joined()
        case .not(let operand): "!" + operand.bracketed(below: .sign)
        case .negative(let operand): "-" + operand.bracketed(below: .sign)
        case .or(let operands): operands.map { $0.bracketed(below: .and) }.joined(separator: " || ")
        case .and(let operands): operands.map { $0.bracketed(below: .comparison) }.joined(separator: " && ")
        case .comparison(let left, let comparison, let right):
            left.asLeftSide(of: comparison) + " \(comparison.rawValue) " + right.bracketed(below: .sum)
        case .sum(let first, let terms):
            terms.reduce(first.bracketed(below: .sign)) {
                $0 + ($1.isAdded ? " + " : " - ") + $1.value.bracketed(below: .sign)
            }
        case .call(let function, let arguments):
            "\(function.rawValue)(" + arguments.map(\.description).joined(separator: ", ") + ")"
        }
    }

    private var rank: Rank {
        switch form {
        case .or: .or
        case .and: .and
        case .comparison: .comparison
        case .sum: .sum
        case .not, .negative: .sign
        default: .whole
        }
    }

    private func bracketed(below rank: Rank) -> String {
        self.rank < rank ? "(\(self))" : description
    }

    /// Members of a literal need brackets.
    private var asBase: String {
        if case .literal = form { return "(\(self))" }
        return bracketed(below: .whole)
    }

    /// `!a in b` would be refused.
    private func asLeftSide(of comparison: Comparison) -> String {
        if case .not = form, ![.equal, .unequal].contains(comparison) { return "(\(self))" }
        return bracketed(below: .sum)
    }

    private static func text(_ step: Step) -> String {
        switch step.form {
        case .member(let name) where ExpressionLexer.isName(name): ".\(name)"
        case .member(let key): "[\(text(.string(key)))]"
        case .element(let index): "[\(index)]"
        case .computed(let index): "[\(index)]"
        }
    }

    private static func text(_ literal: JSONValue) -> String {
        if case .number(let number) = literal { return "\(number)" }
        var writer = JSONWriter(limit: .max)
        writer.write(literal)
        return writer.text
    }
}
