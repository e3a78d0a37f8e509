internal import JSON

extension JSONValue {
    /// Everything but false and null holds.
    var holds: Bool { self != .null && self != .bool(false) }

    /// The place that it means in an array; nil when it can be none.
    var index: Int? {
        switch self {
        case .integer(let value): value < 0 ? nil : Int(exactly: value)
        case .number(let value): Int(exactly: value).flatMap { $0 < 0 ? nil : $0 }
        default: nil
        }
    }

    /// As much of the value as the history keeps: itself, or how its JSON begins.
    var preview: JSONValue {
        var writer = JSONWriter(limit: 2048)
        writer.write(self)
        guard writer.isCut else { return self }
        if case .string(let text) = self {
            return .string(String(decoding: text.utf8.prefix(500), as: UTF8.self) + "... (\(text.utf8.count) bytes)")
        }
        var start = JSONWriter(limit: 500)
        start.write(self)
        return .string(start.text + "... (cut)")
    }

    /// How two numbers, or two strings, stand to each other; nil for all else. Numbers exactly, as the real numbers that
    /// they are; strings by their code points.
    static func order(_ left: JSONValue, _ right: JSONValue) -> Ordering? {
        switch (left, right) {
        case (.integer(let left), .integer(let right)): .of(left, right)
        case (.number(let left), .number(let right)): left.isNaN || right.isNaN ? nil : .of(left, right)
        case (.integer(let left), .number(let right)): order(left, right)
        case (.number(let left), .integer(let right)): order(right, left)?.reversed
        case (.string(let left), .string(let right)):
            left.utf8.elementsEqual(right.utf8)
                ? .same : left.utf8.lexicographicallyPrecedes(right.utf8) ? .ascending : .descending
        default: nil
        }
    }

    private static func order(_ left: Int64, _ right: Double) -> Ordering? {
        if right.isNaN { return nil }
        if right >= 0x1p63 { return .ascending }
        if right < -0x1p63 { return .descending }
        let whole = right.rounded(.towardZero)
        let order = Ordering.of(left, Int64(whole))
        return order == .same ? .of(whole, right) : order
    }
}

enum Ordering {
    case ascending, same, descending

    static func of<Value: Comparable>(_ left: Value, _ right: Value) -> Ordering {
        left < right ? .ascending : left == right ? .same : .descending
    }

    var reversed: Ordering {
        switch self {
        case .ascending: .descending
        case .same: .same
        case .descending: .ascending
        }
    }
}
