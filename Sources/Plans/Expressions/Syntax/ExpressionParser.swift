internal import JSON

/// Makes the tree of an expression. Only what is bracketed, called or signed goes deeper on the stack, and that is bounded.
struct ExpressionParser {
    enum Level: Int {
        case or, and, comparison, sum
    }

    private(set) var lexer: ExpressionLexer
    private(set) var token: ExpressionToken
    private(set) var previous: ExpressionToken?
    private var depth = 0

    init(_ bytes: [UInt8], at start: Int = 0) throws(ExpressionError) {
        lexer = ExpressionLexer(bytes, at: start)
        token = try lexer.next()
    }

    static func tooLong(_ count: Int, at offset: Int) -> ExpressionError {
        ExpressionError(
            message: "the expression has \(count) bytes, at most \(Expression.longestText) are allowed", offset: offset,
            hint: "let a task compute it")
    }

    /// The expression that the whole text is.
    mutating func whole() throws(ExpressionError) -> ExpressionNode {
        guard token.form != .end else { throw ExpressionError(message: "an expression is missing", offset: 0) }
        let node = try operation(.or)
        guard token.form == .end else { throw ExpressionMistakes.unexpected(token, after: previous) }
        return node
    }

    /// The expression up to the braces that close it in a template, and where these end.
    mutating func templated(openedAt opening: Int) throws(ExpressionError) -> (node: ExpressionNode, end: Int) {
        if isAtClosingBraces {
            throw ExpressionError(
                message: "an expression is missing between the braces", offset: opening,
                hint: "literal braces are written \\{{")
        }
        if token.form == .end { throw Self.unclosed(opening) }
        let node = try operation(.or)
        if token.form == .end { throw Self.unclosed(opening) }
        guard isAtClosingBraces else { throw ExpressionMistakes.unexpected(token, after: previous) }
        return (node, token.range.upperBound + 1)
    }

    private static func unclosed(_ opening: Int) -> ExpressionError {
        ExpressionError(
            message: "{{ is not closed", offset: opening, hint: "it ends with }}; literal braces are written \\{{")
    }

    private var isAtClosingBraces: Bool {
        let next = token.range.upperBound
        return token.is(.closeBrace) && next < lexer.bytes.count && lexer.bytes[next] == UInt8(ascii: "}")
    }

    mutating func advance() throws(ExpressionError) {
        previous = token
        token = try lexer.next()
    }

    mutating func operation(_ floor: Level) throws(ExpressionError) -> ExpressionNode {
        var left = try operand()
        while let level = level(of: token), level.rawValue >= floor.rawValue {
            let start = left.offset
            switch level {
            case .or: left = ExpressionNode(.or(try chain(left, of: .or, .and)), at: start)
            case .and: left = ExpressionNode(.and(try chain(left, of: .and, .comparison)), at: start)
            case .comparison: left = try comparison(left)
            case .sum: left = try sum(left)
            }
        }
        return left
    }

    private func level(of token: ExpressionToken) -> Level? {
        switch token.form {
        case .sign(.or): .or
        case .sign(.and): .and
        case .sign(.plus), .sign(.minus): .sum
        default: token.comparison == nil ? nil : .comparison
        }
    }

    /// Goes a bracket, a call or a sign deeper; `leave` comes back.
    mutating func enter(at offset: Int) throws(ExpressionError) {
        depth += 1
        guard depth <= Expression.deepest else {
            throw ExpressionError(
                message: "the expression nests too deeply, at most \(Expression.deepest) deep", offset: offset,
                hint: "let a task compute a part of it")
        }
    }

    mutating func leave() { depth -= 1 }

    private mutating func chain(
        _ first: ExpressionNode, of sign: ExpressionToken.Sign, _ level: Level
    ) throws(ExpressionError) -> [ExpressionNode] {
        var operands = [first]
        while token.is(sign) {
            try advance()
            operands.append(try operation(level))
        }
        return operands
    }

    private mutating func comparison(_ left: ExpressionNode) throws(ExpressionError) -> ExpressionNode {
        guard let comparison = token.comparison else { return left }
        // A bracketed one begins with its bracket.
        if case .not = left.form, ![.equal, .unequal].contains(comparison),
            !lexer.bytes[left.offset...].starts(with: "(".utf8)
        {
            throw ExpressionError(
                message: "! applies to the left side alone", offset: left.offset,
                hint: "did you mean !(a \(comparison.rawValue) b)?")
        }
        try advance()
        let right = try operation(.sum)
        if let next = token.comparison {
            throw ExpressionError(
                message: "comparisons do not chain", offset: token.range.lowerBound,
                hint: "write a \(comparison.rawValue) b && b \(next.rawValue) c, or use brackets")
        }
        return ExpressionNode(.comparison(left, comparison, right), at: left.offset)
    }

    private mutating func sum(_ first: ExpressionNode) throws(ExpressionError) -> ExpressionNode {
        var terms: [ExpressionNode.Term] = []
        while token.is(.plus) || token.is(.minus) {
            let isAdded = token.is(.plus)
            try advance()
            terms.append(ExpressionNode.Term(isAdded: isAdded, value: try operand()))
        }
        return ExpressionNode(.sum(first, terms), at: first.offset)
    }
}
