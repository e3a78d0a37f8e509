internal import JSON

/// A part of a parsed expression. Chains of an operator are flat, so that only brackets, calls and signs nest.
struct ExpressionNode: Sendable {
    indirect enum Form: Sendable {
        /// Null, a truth, a number or a string.
        case literal(JSONValue)
        case array([ExpressionNode])
        case object([Member])
        /// The first name of a path.
        case root(String)
        case access(ExpressionNode, [Step])
        case not(ExpressionNode)
        case negative(ExpressionNode)
        case and([ExpressionNode])
        case or([ExpressionNode])
        case comparison(ExpressionNode, Comparison, ExpressionNode)
        case sum(ExpressionNode, [Term])
        case call(ExpressionFunction, [ExpressionNode])
    }

    struct Member: Sendable {
        let key: String
        let value: ExpressionNode
    }

    struct Step: Sendable {
        enum Form: Sendable {
            case member(String)
            case element(Int)
            case computed(ExpressionNode)
        }

        let form: Form
        let offset: Int
    }

    struct Term: Sendable {
        let isAdded: Bool
        let value: ExpressionNode
    }

    enum Comparison: String, Sendable {
        case equal = "=="
        case unequal = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case within = "in"
    }

    let form: Form
    /// Where it begins, in UTF-8 bytes from the beginning of the text.
    let offset: Int

    init(_ form: Form, at offset: Int) {
        self.form = form
        self.offset = offset
    }

    /// The first name, when this is a path.
    var path: String? {
        switch form {
        case .root(let name): name
        case .access(let base, _): if case .root(let name) = base.form { name } else { nil }
        default: nil
        }
    }

    /// The expressions in it, in the order of the text; the root of a path is none.
    var parts: [ExpressionNode] {
        switch form {
        case .literal, .root: []
        case .array(let elements): elements
        case .object(let members): members.map(\.value)
        case .access(let base, let steps):
            (path == nil ? [base] : [])
                + steps.compactMap { if case .computed(let index) = $0.form { index } else { nil } }
        case .not(let operand), .negative(let operand): [operand]
        case .and(let operands), .or(let operands): operands
        case .comparison(let left, _, let right): [left, right]
        case .sum(let first, let terms): [first] + terms.map(\.value)
        case .call(_, let arguments): arguments
        }
    }
}
