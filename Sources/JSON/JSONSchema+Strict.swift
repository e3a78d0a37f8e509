extension JSONSchema {
    /// The same as OpenAI's strict mode wants it: every object closed, every property required.
    ///
    /// Whatever fits the strict schema fits this one. Objects that say nothing of other properties are closed, and a
    /// property that may be null is required. Throws `JSONSchemaError` with the place and the reason when the schema
    /// cannot be made strict without meaning something else: then it has to be sent as it is.
    ///
    /// The subset: https://platform.openai.com/docs/guides/structured-outputs
    public func strict() throws(JSONSchemaError) -> JSONSchema {
        guard case .object(let members) = value, members["type"] == "object" else {
            throw JSONSchemaError(pointer: "", message: "cannot be strict: \"type\" must be \"object\" at the top")
        }
        return try JSONSchema(try Self.strict(value, []))
    }

    /// What strict mode knows and keeps.
    private static let known: Set<String> = [
        "type", "enum", "const", "description", "title", "pattern", "format", "multipleOf", "minimum", "maximum",
        "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems", "$ref",
    ]
    /// What says nothing about values, and is left out.
    private static let remarks: Set<String> = [
        "$schema", "$id", "$comment", "default", "examples", "deprecated", "readOnly", "writeOnly",
    ]

    private static func strict(_ schema: JSONValue, _ steps: [String]) throws(JSONSchemaError) -> JSONValue {
        guard case .object(let members) = schema else {
            throw refusal(steps, "true and false are no schemas there: say which type is meant")
        }
        if members["type"] == nil, members["enum"] == nil, members["const"] == nil, members["$ref"] == nil,
            members["anyOf"] == nil
        {
            throw refusal(steps, "say which \"type\" is meant")
        }
        var result: [String: JSONValue] = [:]
        for (keyword, value) in members.sorted(by: { $0.key < $1.key }) {
            let place = steps + [keyword]
            switch keyword {
            case _ where known.contains(keyword): result[keyword] = value
            case _ where remarks.contains(keyword): break
            case "properties", "$defs", "definitions":
                guard case .object(let schemas) = value else { break }
                var strict: [String: JSONValue] = [:]
                for (name, schema) in schemas { strict[name] = try Self.strict(schema, place + [name]) }
                result[keyword] = .object(strict)
            case "items":
                result[keyword] = try strict(value, place)
            case "anyOf":
                guard case .array(let schemas) = value else { break }
                var strict: [JSONValue] = []
                for (index, schema) in schemas.enumerated() {
                    strict.append(try Self.strict(schema, place + ["\(index)"]))
                }
                result[keyword] = .array(strict)
            case "required", "additionalProperties":
                break
            default:
                throw refusal(place, "strict mode does not know \"\(keyword)\": leave it out")
            }
        }
        if isObject(members) { try close(&result, members, steps) }
        return .object(result)
    }

    private static func isObject(_ members: [String: JSONValue]) -> Bool {
        guard case .array(let types)? = members["type"] else { return members["type"] == "object" }
        return types.contains("object")
    }

    private static func close(
        _ result: inout [String: JSONValue], _ members: [String: JSONValue], _ steps: [String]
    ) throws(JSONSchemaError) {
        guard [nil, .bool(false)].contains(members["additionalProperties"]) else {
            throw refusal(
                steps + ["additionalProperties"], "an object must be closed: leave it out, or make it an array of pairs"
            )
        }
        var properties: [String: JSONValue] = [:]
        if case .object(let given)? = members["properties"] { properties = given }
        var required: Set<String> = []
        if case .array(let names)? = members["required"] { required.formUnion(names.compactMap(\.string)) }
        for name in properties.keys.sorted() where !required.contains(name) {
            guard let schema = properties[name], acceptsNull(schema) else {
                throw refusal(
                    steps + ["properties", name], "every property must be required: require it, or let it be null")
            }
        }
        if let name = required.sorted().first(where: { properties[$0] == nil }) {
            throw refusal(steps + ["required"], "\"\(name)\" is none of the properties")
        }
        result["properties"] = result["properties"] ?? .object([:])
        result["required"] = .array(properties.keys.sorted().map { .string($0) })
        result["additionalProperties"] = false
    }

    private static func acceptsNull(_ schema: JSONValue) -> Bool {
        if case .array(let types)? = schema["type"] { return types.contains("null") }
        if case .array(let schemas)? = schema["anyOf"] { return schemas.contains(where: acceptsNull) }
        return schema["type"] == "null"
    }

    private static func refusal(_ steps: [String], _ reason: String) -> JSONSchemaError {
        JSONSchemaError(pointer: JSONPointer.text(steps), message: "cannot be strict: \(reason)")
    }
}
