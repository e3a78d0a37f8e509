internal import JSON

extension ExpressionEvaluation {
    mutating func call(_ function: ExpressionFunction, _ arguments: [ExpressionNode]) -> JSONValue {
        let first = value(of: arguments[0])
        switch function {
        case .len: return length(of: first)
        case .default: return first == .null ? value(of: arguments[1]) : first
        case .has: return .bool(Self.has(first, value(of: arguments[1])))
        case .any, .all:
            guard case .array(let elements) = first else { return .null }
            let isAny = function == .any
            let keys = arguments.dropFirst().map { value(of: $0) }
            for element in elements {
                guard spend(1) else { return .null }
                var value = element
                if let key = keys.first { value = key.string.flatMap { element[$0] } ?? .null }
                if value.holds == isAny { return .bool(isAny) }
            }
            return .bool(!isAny)
        case .join:
            guard case .array(let elements) = first, case .string(let separator) = value(of: arguments[1]) else {
                return .null
            }
            return joined(elements, separator)
        case .json: return json(first).map { .string($0) } ?? .null
        }
    }

    /// The value as a part of a text: strings as they are, null as nothing, all else as JSON. Nil when it is too large.
    mutating func text(_ value: JSONValue) -> String? {
        switch value {
        case .null: ""
        case .string(let text): spend(text.utf8.count) ? text : nil
        default: json(value)
        }
    }

    private mutating func json(_ value: JSONValue) -> String? {
        var writer = JSONWriter(limit: largest)
        writer.write(value)
        guard !writer.isCut else {
            _ = spend(.max)
            return nil
        }
        return spend(writer.count) ? writer.text : nil
    }

    private mutating func joined(_ elements: [JSONValue], _ separator: String) -> JSONValue {
        var result = ""
        var isFirst = true
        for element in elements {
            guard spend(1) else { return .null }
            if element == .null { continue }
            if !isFirst {
                guard spend(separator.utf8.count) else { return .null }
                result += separator
            }
            guard let text = text(element) else { return .null }
            result += text
            isFirst = false
        }
        return .string(result)
    }

    private mutating func length(of value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text): spend(text.utf8.count / 64) ? .integer(Int64(text.unicodeScalars.count)) : .null
        case .array(let elements): .integer(Int64(elements.count))
        case .object(let members): .integer(Int64(members.count))
        default: .null
        }
    }

    private static func has(_ value: JSONValue, _ key: JSONValue) -> Bool {
        switch (value, key) {
        case (.object(let members), .string(let key)): members[key] != nil
        case (.array(let elements), _): key.index.map { $0 < elements.count } ?? false
        default: false
        }
    }
}
