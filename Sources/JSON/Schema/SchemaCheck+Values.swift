internal import Patterns

extension SchemaCheck {
    mutating func checkEqual(_ value: JSONValue, _ node: SchemaNode) {
        guard node.allowed != nil || node.constant != nil else { return }
        guard spend((node.allowed?.count ?? 1) / 8 + value.size(upTo: 100_000) / 8) else { return }
        let value = value.normalized
        if let constant = node.constant, constant != value {
            complain("must be \(text(constant)), is \(value.excerpt)")
        }
        if let allowed = node.allowed, !allowed.contains(value) {
            let shown =
                allowed.count > 12 ? allowed.prefix(12).map(text) + ["\(allowed.count - 12) more"] : allowed.map(text)
            var message = "must be \(list(shown)), is \(value.excerpt)"
            let words = allowed.prefix(100).compactMap(\.string)
            if case .string(let word) = value, word.utf8.count <= 64, allowed.count > 1,
                let near = Spelling.nearest(to: word, in: words)
            {
                message += "; did you mean \"\(near)\"?"
            }
            complain(message)
        }
    }

    mutating func check(_ value: JSONValue, _ rules: SchemaNode.NumberRules) {
        let number: Double
        switch value {
        case .integer(let value): number = Double(value)
        case .number(let value): number = value
        default: return
        }
        if let bound = rules.minimum, number < bound {
            complain("must be at least \(text(bound)), is \(value.excerpt)")
        }
        if let bound = rules.maximum, number > bound { complain("must be at most \(text(bound)), is \(value.excerpt)") }
        if let bound = rules.exclusiveMinimum, number <= bound {
            complain("must be more than \(text(bound)), is \(value.excerpt)")
        }
        if let bound = rules.exclusiveMaximum, number >= bound {
            complain("must be less than \(text(bound)), is \(value.excerpt)")
        }
        if let multiple = rules.multiple, !isMultiple(value.normalized, of: multiple) {
            complain("must be a multiple of \(multiple.excerpt), is \(value.excerpt)")
        }
    }

    mutating func check(_ text: String, _ rules: SchemaNode.StringRules) {
        if rules.shortest != nil || rules.longest != nil {
            guard spend(text.utf8.count / 256) else { return }
            let length = text.unicodeScalars.count
            if let shortest = rules.shortest, length < shortest {
                complain(
                    shortest == 1 ? "must not be empty" : "must have at least \(shortest) characters, has \(length)")
            }
            if let longest = rules.longest, length > longest {
                complain("must have at most \(longest) characters, has \(length)")
            }
        }
        if let pattern = rules.pattern, !matches(text, pattern) {
            complain("must match the pattern \(pattern), is \(JSONValue.string(text).excerpt)")
        }
    }

    /// True when that cannot be found out, which is then told as such.
    mutating func matches(_ text: String, _ pattern: Pattern) -> Bool {
        do {
            return try pattern.firstMatch(in: text.utf8, steps: &steps) != nil
        } catch {
            refuse(error.description)
            return true
        }
    }

    private func isMultiple(_ value: JSONValue, of multiple: JSONValue) -> Bool {
        switch (value, multiple) {
        case (.integer(let value), .integer(let multiple)):
            return value.isMultiple(of: multiple)
        case (.integer, .number), (.number, .integer), (.number, .number):
            let quotient = double(value) / double(multiple)
            guard quotient.isFinite else { return false }
            // 0.3 / 0.1 is not quite 3.
            return abs(quotient - quotient.rounded()) <= abs(quotient) * 4 * Double.ulpOfOne
        default:
            return true
        }
    }

    private func double(_ value: JSONValue) -> Double {
        switch value {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: .nan
        }
    }

    private func text(_ number: Double) -> String { JSONValue.number(number).normalized.excerpt }

    private func text(_ value: JSONValue) -> String {
        switch value {
        case .array, .object: String(value.text.prefix(60))
        default: value.excerpt
        }
    }
}
