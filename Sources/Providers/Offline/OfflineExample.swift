internal import JSON

/// A value that fits a schema, the same each time: for answers in a form that no rule gives.
struct OfflineExample {
    private let root: JSONValue
    /// What strings say.
    private let text: String

    init(schema: JSONValue, text: String) {
        root = schema
        self.text = text
    }

    var value: JSONValue { value(of: root, depth: 0) }

    private func value(of schema: JSONValue, depth: Int) -> JSONValue {
        guard depth < 16 else { return .null }
        if let constant = schema["const"] ?? schema["enum"]?.elements?.first ?? schema["default"] { return constant }
        if let reference = schema["$ref"]?.string { return value(of: resolve(reference), depth: depth + 1) }
        for key in ["anyOf", "oneOf", "allOf"] {
            if let first = schema[key]?.elements?.first { return value(of: first, depth: depth + 1) }
        }
        let type = schema["type"]?.string ?? schema["type"]?.elements?.compactMap(\.string).first { $0 != "null" }
        switch type {
        case "object": return object(schema, depth: depth)
        case "array":
            let count = min(schema["maxItems"]?.count ?? .max, max(1, schema["minItems"]?.count ?? 1), 8)
            return .array((0..<count).map { _ in value(of: schema["items"] ?? [:], depth: depth + 1) })
        case "integer", "number":
            return schema["minimum"] ?? schema["maximum"] ?? 1
        case "boolean": return true
        case "null": return .null
        default: return schema["properties"] == nil ? string(schema) : object(schema, depth: depth)
        }
    }

    private func object(_ schema: JSONValue, depth: Int) -> JSONValue {
        let required = schema["required"]?.elements?.compactMap(\.string) ?? []
        // Recursive schemas end with what they need not have.
        let properties = (schema["properties"]?.members ?? [:]).filter { depth < 3 || required.contains($0.key) }
        return .object(properties.mapValues { value(of: $0, depth: depth + 1) })
    }

    private func string(_ schema: JSONValue) -> JSONValue {
        var text = text.isEmpty ? "example" : text
        if let limit = schema["maxLength"]?.count { text = String(text.prefix(limit)) }
        if let least = schema["minLength"]?.count, text.count < least {
            text += String(repeating: ".", count: least - text.count)
        }
        return .string(text)
    }

    private func resolve(_ reference: String) -> JSONValue {
        var value = root
        for step in reference.split(separator: "/").dropFirst() {
            value = value[String(step)] ?? [:]
        }
        return value
    }
}
