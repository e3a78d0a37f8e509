internal import JSON

extension ExpressionParser {
    /// A value with its signs before it, and the steps into it behind.
    mutating func operand() throws(ExpressionError) -> ExpressionNode {
        let start = token.range.lowerBound
        guard token.is(.not) || token.is(.minus) else { return try access(try primary(), from: start) }
        let isNot = token.is(.not)
        try enter(at: start)
        try advance()
        let operand = try operand()
        leave()
        if isNot { return ExpressionNode(.not(operand), at: start) }
        switch operand.form {
        case .literal(.integer(let number)):
            let (difference, overflows) = Int64(0).subtractingReportingOverflow(number)
            return ExpressionNode(
                .literal(overflows ? .number(-Double(number)) : .integer(difference)), at: start)
        // The least integer has no positive twin.
        case .literal(.number(0x1p63)): return ExpressionNode(.literal(.integer(.min)), at: start)
        case .literal(.number(let number)): return ExpressionNode(.literal(.number(-number)), at: start)
        default: return ExpressionNode(.negative(operand), at: start)
        }
    }

    private mutating func primary() throws(ExpressionError) -> ExpressionNode {
        let first = token
        let start = first.range.lowerBound
        switch first.form {
        case .number(let number): return try literal(number)
        case .string(let text): return try literal(.string(text))
        case .name("null"): return try literal(.null)
        case .name("true"): return try literal(true)
        case .name("false"): return try literal(false)
        case .name("in"): throw ExpressionMistakes.unexpected(first, after: nil)
        case .name(let name):
            try advance()
            return token.is(.open) ? try call(name, at: start) : ExpressionNode(.root(name), at: start)
        case .sign(.open):
            try enter(at: start)
            try advance()
            let node = try operation(.or)
            try close(.close, opening: first)
            return ExpressionNode(node.form, at: start)
        case .sign(.openBracket):
            return ExpressionNode(.array(try list(upTo: .closeBracket)), at: start)
        case .sign(.openBrace):
            return ExpressionNode(.object(try members()), at: start)
        default:
            throw ExpressionMistakes.unexpected(first, after: previous)
        }
    }

    private mutating func literal(_ value: JSONValue) throws(ExpressionError) -> ExpressionNode {
        let start = token.range.lowerBound
        try advance()
        if token.is(.dot) || token.is(.openBracket) {
            throw ExpressionError(message: "nothing is within a literal", offset: token.range.lowerBound)
        }
        return ExpressionNode(.literal(value), at: start)
    }

    private mutating func call(_ name: String, at start: Int) throws(ExpressionError) -> ExpressionNode {
        guard let function = ExpressionFunction(rawValue: name) else {
            throw ExpressionMistakes.unknownFunction(name, at: start)
        }
        let arguments = try list(upTo: .close)
        guard function.arity.contains(arguments.count) else {
            throw ExpressionError(
                message: "\(name) cannot take \(arguments.count) argument\(arguments.count == 1 ? "" : "s")",
                offset: start, hint: "it is called as \(function.usage)")
        }
        return ExpressionNode(.call(function, arguments), at: start)
    }

    /// What stands between brackets, with commas.
    private mutating func list(upTo end: ExpressionToken.Sign) throws(ExpressionError) -> [ExpressionNode] {
        let opening = token
        try enter(at: opening.range.lowerBound)
        try advance()
        var elements: [ExpressionNode] = []
        if !token.is(end) {
            elements.append(try operation(.or))
            while token.is(.comma) {
                try advance()
                try refuseTrailingComma(before: end)
                elements.append(try operation(.or))
            }
        }
        try close(end, opening: opening)
        return elements
    }

    private mutating func members() throws(ExpressionError) -> [ExpressionNode.Member] {
        let opening = token
        try enter(at: opening.range.lowerBound)
        try advance()
        var members: [ExpressionNode.Member] = []
        var keys: Set<String> = []
        while !token.is(.closeBrace) || !members.isEmpty {
            let place = token.range.lowerBound
            let key: String
            switch token.form {
            case .name(let name): key = name
            case .string(let text): key = text
            case .end: throw unclosed(opening)
            default:
                throw ExpressionError(
                    message: "a key is missing", offset: place, hint: "as in {\"name\": input.name}")
            }
            guard keys.insert(key).inserted else {
                throw ExpressionError(message: "the key \"\(key.prefix(64))\" is there twice", offset: place)
            }
            try advance()
            guard token.is(.colon) else {
                if token.form == .end { throw unclosed(opening) }
                throw ExpressionError(
                    message: "a colon is missing after the key", offset: token.range.lowerBound,
                    hint: "as in {\"name\": input.name}")
            }
            try advance()
            members.append(ExpressionNode.Member(key: key, value: try operation(.or)))
            guard token.is(.comma) else { break }
            try advance()
            try refuseTrailingComma(before: .closeBrace)
        }
        try close(.closeBrace, opening: opening)
        return members
    }

    private func refuseTrailingComma(before end: ExpressionToken.Sign) throws(ExpressionError) {
        guard token.is(end), let previous else { return }
        throw ExpressionError(
            message: "nothing follows the comma", offset: previous.range.lowerBound, hint: "leave it out")
    }

    /// Steps over the bracket that ends what `enter` began.
    private mutating func close(_ sign: ExpressionToken.Sign, opening: ExpressionToken) throws(ExpressionError) {
        guard token.is(sign) else {
            if token.form == .end { throw unclosed(opening) }
            throw ExpressionMistakes.unexpected(token, after: previous)
        }
        leave()
        try advance()
    }

    private func unclosed(_ opening: ExpressionToken) -> ExpressionError {
        guard case .sign(let sign) = opening.form else { return ExpressionMistakes.unexpected(token, after: previous) }
        let end: [ExpressionToken.Sign: String] = [.open: ")", .openBracket: "]", .openBrace: "}"]
        return ExpressionError(
            message: "\(sign.rawValue) is not closed", offset: opening.range.lowerBound,
            hint: end[sign].map { "it ends with \($0)" })
    }

    private mutating func access(_ base: ExpressionNode, from start: Int) throws(ExpressionError) -> ExpressionNode {
        var steps: [ExpressionNode.Step] = []
        while token.is(.dot) || token.is(.openBracket) {
            steps.append(token.is(.dot) ? try member() : try index())
        }
        guard !steps.isEmpty else { return base }
        if case .access(let inner, let first) = base.form {
            return ExpressionNode(.access(inner, first + steps), at: start)
        }
        return ExpressionNode(.access(base, steps), at: start)
    }

    private mutating func member() throws(ExpressionError) -> ExpressionNode.Step {
        try advance()
        let offset = token.range.lowerBound
        switch token.form {
        case .name(let name):
            try advance()
            if token.is(.open) { throw ExpressionMistakes.method(name, at: offset) }
            return ExpressionNode.Step(form: .member(name), offset: offset)
        case .number:
            throw ExpressionError(message: "a name is missing after the point", offset: offset, hint: "as in items[0]")
        default:
            throw ExpressionError(
                message: "a name is missing after the point", offset: offset, hint: "as in a.name or a[\"odd key\"]")
        }
    }

    private mutating func index() throws(ExpressionError) -> ExpressionNode.Step {
        let opening = token
        try enter(at: opening.range.lowerBound)
        try advance()
        if token.is(.closeBracket) {
            throw ExpressionError(
                message: "an index is missing", offset: token.range.lowerBound, hint: "as in items[0] or a[\"odd key\"]"
            )
        }
        let node = try operation(.or)
        if token.is(.colon) {
            throw ExpressionError(message: "there are no slices", offset: token.range.lowerBound)
        }
        try close(.closeBracket, opening: opening)
        guard case .literal(let value) = node.form else {
            return ExpressionNode.Step(form: .computed(node), offset: node.offset)
        }
        if case .string(let key) = value { return ExpressionNode.Step(form: .member(key), offset: node.offset) }
        guard let index = value.index else {
            throw ExpressionError(
                message: "an index is a whole number that is not negative, or a string", offset: node.offset,
                hint: "elements count from 0 at the front")
        }
        return ExpressionNode.Step(form: .element(index), offset: node.offset)
    }
}
