internal import Patterns

/// One check of a value: what was found so far, and how much work is left.
struct SchemaCheck {
    let nodes: [SchemaNode]
    var found = Findings(most: JSONSchema.mostViolations)
    /// Where in the value the check is.
    var path: [String] = []
    /// Schemas applied to values, and what else takes time.
    private var work = 1_000_000
    /// For all searches by patterns together.
    var steps = 4 * Pattern.defaultSteps
    private var depth = 0

    private static let deepest = 256

    struct Findings {
        let most: Int
        private(set) var violations: [JSONViolation] = []
        /// Also those that are not kept.
        private(set) var count = 0
        /// What cannot be checked at all; then nothing else matters.
        var refusal: JSONViolation?

        var isFull: Bool { violations.count >= most }

        init(most: Int) {
            self.most = most
        }

        mutating func add(_ violation: JSONViolation) {
            count += 1
            if !isFull { violations.append(violation) }
        }
    }

    /// What of an array or object a schema has had a say in, for `unevaluatedItems` and `unevaluatedProperties`.
    struct Seen {
        var names: Set<String> = []
        var items: Set<Int> = []

        mutating func formUnion(_ other: Seen) {
            names.formUnion(other.names)
            items.formUnion(other.items)
        }
    }

    init(_ nodes: [SchemaNode]) {
        self.nodes = nodes
    }

    mutating func violations(of value: JSONValue) -> [JSONViolation] {
        var seen = Seen()
        check(value, 0, &seen)
        return found.refusal.map { [$0] } ?? found.violations
    }

    /// Whether the value fits; if not, `found` has grown.
    @discardableResult
    mutating func check(_ value: JSONValue, _ index: Int, _ seen: inout Seen) -> Bool {
        guard found.refusal == nil else { return false }
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { return refuse("it is nested too deeply") }
        guard spend(1) else { return false }

        let node = nodes[index]
        let before = found.count
        if let verdict = node.verdict {
            if !verdict { complain("must not be there") }
            return verdict
        }
        if !node.types.isEmpty, !node.types.contains(where: { $0.includes(value) }) {
            // Whatever else is said about it is about another kind of value.
            return complain("must be \(list(node.types.map(\.phrase))), is \(value.excerpt)")
        }
        checkEqual(value, node)
        switch value {
        case .integer, .number: if let rules = node.numbers { check(value, rules) }
        case .string(let text): if let rules = node.strings { check(text, rules) }
        case .array(let elements): if let rules = node.arrays { check(elements, rules, &seen) }
        case .object(let members): if let rules = node.objects { check(members, rules, &seen) }
        default: break
        }
        checkInPlace(value, node, &seen)
        switch value {
        case .array(let elements): if let rules = node.arrays { checkUnevaluated(elements, rules, &seen) }
        case .object(let members): if let rules = node.objects { checkUnevaluated(members, rules, &seen) }
        default: break
        }
        return found.count == before
    }

    /// Checks without telling: for schemas that need not fit.
    mutating func attempt(_ value: JSONValue, _ index: Int, _ seen: inout Seen) -> Findings {
        var inner = Findings(most: 2)
        swap(&found, &inner)
        var touched = Seen()
        if check(value, index, &touched) { seen.formUnion(touched) }
        swap(&found, &inner)
        if let refusal = inner.refusal { found.refusal = refusal }
        return inner
    }

    /// Checks a part of the value.
    @discardableResult
    mutating func check(_ value: JSONValue, _ index: Int, at step: String) -> Bool {
        path.append(step)
        defer { path.removeLast() }
        var seen = Seen()
        return check(value, index, &seen)
    }

    @discardableResult
    mutating func complain(_ message: String) -> Bool {
        found.add(JSONViolation(pointer: JSONPointer.text(path), message: message))
        return false
    }

    /// False when there is no work left, which is then told.
    mutating func spend(_ amount: Int) -> Bool {
        work -= amount
        return work > 0 || refuse("that takes too much work: make it smaller, or the schema simpler")
    }

    @discardableResult
    mutating func refuse(_ reason: String) -> Bool {
        let violation = JSONViolation(pointer: JSONPointer.text(path), message: "cannot be checked: \(reason)")
        found.add(violation)
        found.refusal = violation
        return false
    }

    /// `a, b or c`.
    func list(_ words: [String]) -> String {
        guard words.count > 1, let last = words.last else { return words.first ?? "" }
        return "\(words.dropLast().joined(separator: ", ")) or \(last)"
    }
}
