internal import JSON

/// The part of JSON Schema that Anthropic holds a model to.
enum AnthropicSchema {
    /// The schema as Anthropic takes it: objects closed, without limits on numbers and lengths, which its grammar does
    /// not know (whoever asks validates the answer). Nil when it has open objects, which cannot be closed.
    static func closed(_ schema: JSONValue) -> JSONValue? {
        guard case .object(var members) = schema else { return schema }
        if members["type"] == "object" || members["properties"] != nil {
            guard members["properties"] != nil, members["patternProperties"] == nil,
                [nil, false].contains(members["additionalProperties"])
            else { return nil }
            members["additionalProperties"] = false
        }
        for limit in [
            "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
            "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "$schema", "$id", "default",
            "examples",
        ] { members[limit] = nil }
        if let oneOf = members.removeValue(forKey: "oneOf") { members["anyOf"] = oneOf }
        for key in ["properties", "$defs", "definitions"] {
            guard case .object(let children)? = members[key] else { continue }
            var closed: [String: JSONValue] = [:]
            for (name, child) in children {
                guard let child = Self.closed(child) else { return nil }
                closed[name] = child
            }
            members[key] = .object(closed)
        }
        for key in ["anyOf", "allOf", "prefixItems"] {
            guard case .array(let children)? = members[key] else { continue }
            let closed = children.compactMap(Self.closed)
            guard closed.count == children.count else { return nil }
            members[key] = .array(closed)
        }
        if let items = members["items"] {
            guard let closed = closed(items) else { return nil }
            members["items"] = closed
        }
        return .object(members)
    }
}
