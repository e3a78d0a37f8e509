internal import JSON

/// What people write who know other languages, and what they mean.
enum ExpressionMistakes {
    /// Longer signs before those that they begin with.
    private static let signs: [(sign: String, hint: String)] = [
        ("===", "did you mean ==?"), ("!==", "did you mean !=?"), ("<>", "did you mean !=?"), ("<=>", comparing),
        ("=>", "did you mean >=?"), ("=<", "did you mean <=?"), ("=~", "there are no patterns: 'part' in text"),
        ("~=", "there are no patterns: 'part' in text"), ("==", ""), ("=", "did you mean ==?"),
        ("&&", ""), ("&", "did you mean &&?"), ("||", ""), ("|", "did you mean ||?"),
        ("??", "did you mean default(a, b)?"), ("?.", "just . does: a path that leads nowhere is null"),
        ("?", "there is no choice between two values: use `when` on two tasks, or default(a, b)"),
        ("++", "did you mean +?"), ("--", ""), ("**", arithmetic), ("*", arithmetic), ("//", arithmetic),
        ("/", arithmetic), ("%", arithmetic), ("^", arithmetic),
        ("${", "a path is written by itself: input.name"), ("$", "a path is written by itself: input.name"),
        ("@", "a path is written by itself: input.name"), ("`", "a string stands in \" or '"),
        ("“", "a string stands in \" or '"), ("”", "a string stands in \" or '"), ("‘", "a string stands in \" or '"),
        ("’", "a string stands in \" or '"), ("≠", "did you mean !=?"), ("≤", "did you mean <=?"),
        ("≥", "did you mean >=?"), (";", "an expression is a single value"), ("#", "there are no comments"),
        ("..", "did you mean a single point?"), (".", ""),
    ]
    private static let arithmetic = "there is only + and -: let a tool or a `command` task calculate"
    private static let comparing = "compare with == < or >"

    /// Operators that are words elsewhere.
    private static let words = [
        "and": "did you mean &&?", "or": "did you mean ||?", "not": "did you mean !?", "is": "did you mean ==?",
        "eq": "did you mean ==?", "ne": "did you mean !=?", "lt": "did you mean <?", "gt": "did you mean >?",
        "le": "did you mean <=?", "ge": "did you mean >=?", "equals": "did you mean ==?",
        "contains": "write it the other way round: part in whole", "like": "there are no patterns: 'part' in text",
        "matches": "there are no patterns: 'part' in text", "if": chooses, "then": chooses, "else": chooses,
    ]
    private static let chooses = "there is no choice between two values: use `when` on two tasks, or default(a, b)"

    private static let functions: [(names: Set<String>, hint: String)] = [
        (["length", "size", "count", "strlen"], "did you mean len(value)?"),
        (["contains", "includes", "indexof", "index_of"], "write: part in whole"),
        (["exists", "defined", "haskey", "has_key", "get"], "did you mean has(value, key)?"),
        (["coalesce", "ifnull", "nvl", "or_else", "fallback"], "did you mean default(value, otherwise)?"),
        (["some", "exists_any"], "did you mean any(array)?"), (["every"], "did you mean all(array)?"),
        (
            ["stringify", "tojson", "to_json", "json_encode", "dumps", "str", "string", "tostring"],
            "did you mean json(value)?"
        ),
        (["concat"], "write: a + b"), (["empty", "is_empty", "isempty"], "write: len(value) == 0"),
        (["not"], "write: !value"), (["if", "iif", "cond"], chooses),
        (["map", "filter", "reduce", "foreach"], "to go through an array, use `each` on a task"),
        (["now", "random", "uuid"], "an expression depends on nothing but its paths: pass it in `input`"),
    ]

    /// The word that was meant; long ones are nobody's slip, and costly to compare.
    static func nearest(to word: String, in words: [String]) -> String? {
        // Of a single letter, any other would be as near.
        guard (2...64).contains(word.utf8.count) else { return nil }
        return Spelling.nearest(to: word, in: words.filter { $0.utf8.count <= 64 }.prefix(200).map(\.self))
    }

    /// The complaint when a sign of another language stands there.
    static func foreignSign(_ bytes: [UInt8], _ position: Int) -> ExpressionError? {
        let rest = bytes[position...].prefix(4)
        guard let known = signs.first(where: { rest.starts(with: $0.sign.utf8) }), !known.hint.isEmpty else {
            return nil
        }
        return ExpressionError(
            message: "\"\(known.sign)\" is no operator here", offset: position, hint: known.hint)
    }

    static func unknownSign(_ bytes: [UInt8], _ position: Int) -> ExpressionError {
        let character = String(decoding: bytes[position...].prefix(4), as: UTF8.self).unicodeScalars.first
        let shown =
            character.map { $0.value < 0x20 ? "a control character" : "\"\($0)\"" } ?? "that"
        return ExpressionError(message: "\(shown) means nothing in an expression", offset: position)
    }

    static func unknownFunction(_ name: String, at offset: Int) -> ExpressionError {
        let all = ExpressionFunction.allCases.map(\.rawValue)
        let word = String(name.prefix(64)).lowercased()
        let hint =
            functions.first { $0.names.contains(word) }?.hint
            ?? nearest(to: word, in: all).map { "did you mean \($0)?" }
        return ExpressionError(
            message: "there is no function \"\(name.prefix(64))\"", offset: offset,
            hint: hint ?? "there are \(all.joined(separator: ", "))")
    }

    static func method(_ name: String, at offset: Int) -> ExpressionError {
        let hint =
            ExpressionFunction(rawValue: name)?.usage
            ?? functions.first { $0.names.contains(name.lowercased()) }?.hint
        return ExpressionError(
            message: "values have no methods", offset: offset,
            hint: hint ?? "functions stand in front: len(value)")
    }

    /// The complaint about a token that cannot follow what stands before it.
    static func unexpected(_ token: ExpressionToken, after previous: ExpressionToken?) -> ExpressionError {
        if case .name(let word)? = previous?.form, let hint = words[word], let previous, token.form != .end {
            return ExpressionError(
                message: "\"\(word)\" is no operator here", offset: previous.range.lowerBound, hint: hint)
        }
        let offset = token.range.lowerBound
        switch token.form {
        case .end: return ExpressionError(message: "a value is missing at the end", offset: offset)
        case .name(let word):
            if let hint = words[word.lowercased()] {
                return ExpressionError(message: "\"\(word)\" is no operator here", offset: offset, hint: hint)
            }
            return ExpressionError(
                message: "\"\(word.prefix(64))\" is not expected there", offset: offset,
                hint: "an operator is missing before it")
        case .number, .string:
            return ExpressionError(
                message: "a value is not expected there", offset: offset, hint: "an operator is missing before it")
        case .sign(let sign):
            return ExpressionError(
                message: "\"\(sign.rawValue)\" is not expected there", offset: offset,
                hint: sign == .dot ? "as in 0.5" : nil)
        }
    }
}
