internal import JSON

/// A word or a sign of an expression.
struct ExpressionToken {
    enum Form: Equatable {
        case end
        case name(String)
        case number(JSONValue)
        case string(String)
        case sign(Sign)
    }

    enum Sign: String {
        case open = "("
        case close = ")"
        case openBracket = "["
        case closeBracket = "]"
        case openBrace = "{"
        case closeBrace = "}"
        case comma = ","
        case colon = ":"
        case dot = "."
        case equal = "=="
        case unequal = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case and = "&&"
        case or = "||"
        case not = "!"
        case plus = "+"
        case minus = "-"
    }

    let form: Form
    /// In UTF-8 bytes.
    let range: Range<Int>

    func `is`(_ sign: Sign) -> Bool { form == .sign(sign) }

    func isName(_ name: String) -> Bool { form == .name(name) }

    var comparison: ExpressionNode.Comparison? {
        switch form {
        case .name("in"): .within
        case .sign(let sign): ExpressionNode.Comparison(rawValue: sign.rawValue)
        default: nil
        }
    }
}
