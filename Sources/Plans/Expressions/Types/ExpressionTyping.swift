internal import JSON

/// Works out what an expression results in, before there are values, and what cannot be meant.
///
/// A mistake is told once: what follows from it may be anything.
struct ExpressionTyping {
    let scope: [String: ValueType]
    private(set) var problems: [ExpressionError] = []

    init(_ scope: [String: ValueType]) {
        self.scope = scope
    }

    mutating func report(_ message: String, at offset: Int, hint: String? = nil) {
        let problem = ExpressionError(message: message, offset: offset, hint: hint)
        if !problems.contains(problem) { problems.append(problem) }
    }

    mutating func type(of node: ExpressionNode) -> ValueType {
        switch node.form {
        case .literal(let value): return ValueType(of: value)
        case .array(let elements):
            let types = elements.map { type(of: $0) }
            return .array(of: .union(of: types))
        case .object(let members):
            var properties: [String: ValueType] = [:]
            for member in members { properties[member.key] = type(of: member.value) }
            return .closed(properties)
        case .root(let name): return root(name, at: node.offset)
        case .access(let base, let steps):
            var found = type(of: base)
            for step in steps { found = type(of: step, in: found) }
            return found
        case .not(let operand):
            condition(operand)
            return .bool
        case .negative(let operand):
            let type = type(of: operand)
            guard let certain = Self.certainty(type, [.number]) else {
                report("- does not apply to \(type)", at: node.offset)
                return .any
            }
            return certain ? .number : .number.orNull
        case .and(let operands), .or(let operands):
            for operand in operands { condition(operand) }
            return .bool
        case .comparison(let left, let comparison, let right):
            return self.comparison(left, comparison, right)
        case .sum(let first, let terms): return sum(first, terms)
        case .call(let function, let arguments): return call(function, arguments, at: node.offset)
        }
    }

    /// Complains about what always or never holds, but where it says so itself.
    mutating func condition(_ node: ExpressionNode) {
        let type = type(of: node)
        if case .literal(.bool) = node.form { return }
        if type.alternatives.allSatisfy({ $0 == .null }) {
            report("that is always null, and never holds", at: node.offset)
        } else if !type.canBeNull, !type.overlaps(.bool) {
            report(
                "\(type) always holds: only false and null do not", at: node.offset,
                hint: type.overlaps(.number)
                    ? "compare it: value != 0"
                    : "compare it, as in len(value) > 0; default(a, b) is the first that is not null")
        }
    }

    /// Whether a value of the type is of one of these for certain; nil when it never is.
    static func certainty(_ type: ValueType, _ wanted: [ValueType]) -> Bool? {
        let fits = type.alternatives.map { type in type != .any && wanted.contains { $0.overlaps(type) } }
        if fits.allSatisfy(\.self) { return true }
        if fits.contains(true) || type.alternatives.contains(.any) { return false }
        // What is null for certain may be meant so: the first round has no previous one.
        if type == .null { return false }
        return Optional.none
    }

    private mutating func root(_ name: String, at offset: Int) -> ValueType {
        if let type = scope[name] { return type }
        let names = scope.keys.sorted()
        let known = names.isEmpty ? "nothing is known" : "there is \(names.prefix(12).joined(separator: ", "))"
        let near = ExpressionMistakes.nearest(to: name, in: names)
        report(
            "there is no \"\(name.prefix(64))\" here", at: offset,
            hint: (Self.foreignWords[name.lowercased()] ?? near).map { "did you mean \($0)?" }
                ?? (names.count > 12 ? known + " and more" : known))
        return .any
    }

    private static let foreignWords = [
        "true": "true", "yes": "true", "false": "false", "no": "false", "none": "null", "nil": "null", "null": "null",
        "undefined": "null",
    ]

    private mutating func sum(_ first: ExpressionNode, _ terms: [ExpressionNode.Term]) -> ValueType {
        var total = type(of: first)
        for term in terms {
            let more = type(of: term.value)
            total = sum(total, more, term)
        }
        return total
    }

    /// What comes of adding to that, or subtracting from it, whatever fits.
    private static func total(of known: ValueType, isAdded: Bool) -> ValueType? {
        switch known {
        case .number: .number
        case .string, .words: isAdded ? .string : nil
        case .array: isAdded ? .array(of: .any) : nil
        default: nil
        }
    }

    private mutating func sum(_ left: ValueType, _ right: ValueType, _ term: ExpressionNode.Term) -> ValueType {
        var results: [ValueType] = []
        var isCertain = true
        for left in left.alternatives {
            for right in right.alternatives {
                switch (left, right) {
                case (.number, .number): results.append(.number)
                case (.string, .string), (.string, .words), (.words, .string), (.words, .words):
                    if term.isAdded { results.append(.string) } else { isCertain = false }
                case (.array(let left), .array(let right)):
                    if term.isAdded {
                        results.append(.array(of: .union(of: [left, right])))
                    } else {
                        isCertain = false
                    }
                case (.any, .any): results.append(.any)
                case (.any, let known), (let known, .any):
                    isCertain = false
                    if let type = Self.total(of: known, isAdded: term.isAdded) { results.append(type) }
                default: isCertain = false
                }
            }
        }
        if results.isEmpty {
            guard left != .null, right != .null else { return .null }
            let isText = left.overlaps(.string) || right.overlaps(.string)
            report(
                "\(term.isAdded ? "+" : "-") does not apply to \(left) and \(right)", at: term.value.offset,
                hint: term.isAdded
                    ? isText ? "join texts with {{ }} in a template, or write json(value)" : nil : "- is for numbers")
            return .any
        }
        return isCertain ? .union(of: results) : ValueType.union(of: results).orNull
    }
}
