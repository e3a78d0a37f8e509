internal import JSON

extension ExpressionEvaluation {
    /// Deeply; numbers by their value, whether whole or not.
    mutating func areEqual(_ left: JSONValue, _ right: JSONValue, depth: Int = 0) -> Bool {
        guard depth <= JSONWriter.deepest else {
            _ = spend(.max)
            return false
        }
        guard spend(1) else { return false }
        switch (left, right) {
        case (.null, .null): return true
        case (.bool(let left), .bool(let right)): return left == right
        case (.string(let left), .string(let right)):
            guard left.utf8.count == right.utf8.count, spend(left.utf8.count / 64) else { return false }
            return left.utf8.elementsEqual(right.utf8)
        case (.integer, .integer), (.integer, .number), (.number, .integer), (.number, .number):
            return JSONValue.order(left, right) == .same
        case (.array(let left), .array(let right)):
            guard left.count == right.count else { return false }
            for (left, right) in zip(left, right) where !areEqual(left, right, depth: depth + 1) { return false }
            return true
        case (.object(let left), .object(let right)):
            guard left.count == right.count else { return false }
            for (key, value) in left {
                guard let other = right[key], areEqual(value, other, depth: depth + 1) else { return false }
            }
            return true
        default: return false
        }
    }

    /// An element of an array, a part of a string, a key of an object.
    mutating func contains(_ whole: JSONValue, _ part: JSONValue) -> JSONValue {
        switch (whole, part) {
        case (.array(let elements), _):
            for element in elements where areEqual(element, part) { return true }
            return false
        case (.string(let text), .string(let part)):
            guard spend(text.utf8.count) else { return .null }
            return .bool(Self.contains(text, part))
        case (.object(let members), .string(let key)): return .bool(members[key] != nil)
        default: return .null
        }
    }

    mutating func sum(_ first: JSONValue, _ terms: [ExpressionNode.Term]) -> JSONValue {
        switch first {
        case .string(var text):
            for term in terms {
                guard term.isAdded, case .string(let more) = value(of: term.value), spend(more.utf8.count) else {
                    return .null
                }
                text += more
            }
            return .string(text)
        case .array(var elements):
            for term in terms {
                guard term.isAdded, case .array(let more) = value(of: term.value), spend(more.count) else {
                    return .null
                }
                elements += more
            }
            return .array(elements)
        case .integer, .number:
            var total = first
            for term in terms { total = Self.add(total, value(of: term.value), isAdded: term.isAdded) }
            return total
        default: return .null
        }
    }

    /// Whole numbers stay whole as long as they fit.
    private static func add(_ left: JSONValue, _ right: JSONValue, isAdded: Bool) -> JSONValue {
        if case .integer(let left) = left, case .integer(let right) = right {
            let (result, overflows) =
                isAdded ? left.addingReportingOverflow(right) : left.subtractingReportingOverflow(right)
            if !overflows { return .integer(result) }
        }
        guard let left = left.double, let right = right.double else { return .null }
        let result = isAdded ? left + right : left - right
        return result.isFinite ? .number(result) : .null
    }

    /// Knuth, Morris and Pratt: linear, whatever the texts are.
    private static func contains(_ text: String, _ part: String) -> Bool {
        if part.isEmpty { return true }
        guard part.utf8.count <= text.utf8.count else { return false }
        let part = Array(part.utf8)
        var borders = [0]
        var length = 0
        for byte in part.dropFirst() {
            while length > 0, part[length] != byte { length = borders[length - 1] }
            if part[length] == byte { length += 1 }
            borders.append(length)
        }
        length = 0
        var text = text
        return text.withUTF8 { bytes in
            for byte in bytes {
                while length > 0, part[length] != byte { length = borders[length - 1] }
                if part[length] == byte { length += 1 }
                if length == part.count { return true }
            }
            return false
        }
    }
}
