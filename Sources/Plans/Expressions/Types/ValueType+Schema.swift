public import JSON

extension ValueType {
    /// What fits a schema, as far as it can be told: never less, perhaps more.
    public init(_ schema: JSONSchema) {
        var reader = SchemaTypes(root: schema.value)
        self = reader.type(schema.value, depth: 0)
    }

    /// The type of a value that is known.
    public init(of value: JSONValue) {
        switch value {
        case .null: self = .null
        case .bool: self = .bool
        case .integer, .number: self = .number
        case .string(let text): self = .words([text])
        case .array(let elements):
            self = .array(of: elements.isEmpty ? .any : .union(of: elements.prefix(100).map { ValueType(of: $0) }))
            if elements.count > 100 { self = .array(of: .any) }
        case .object(let members):
            self = .object(members.mapValues { ValueType(of: $0) }, .none)
        }
    }
}

/// Reads types out of a schema, within bounds: what goes deeper, or round in circles, may be anything.
private struct SchemaTypes {
    static let deepest = 16
    let root: JSONValue
    /// How many schemas may still be looked at.
    var rest = 2000

    mutating func type(_ schema: JSONValue, depth: Int) -> ValueType {
        rest -= 1
        guard rest > 0, depth < Self.deepest, case .object(let members) = schema else { return .any }
        if let constant = members["const"] { return ValueType(of: constant) }
        if case .array(let values)? = members["enum"], !values.isEmpty {
            return .union(of: values.map { ValueType(of: $0) })
        }
        if case .string(let reference)? = members["$ref"] {
            guard let target = target(reference) else { return .any }
            let type = type(target, depth: depth + 1)
            return members["properties"] == nil && members["allOf"] == nil ? type : Self.opened(type)
        }
        switch members["type"] {
        case .string(let name)?: return type(named: name, members, depth)
        case .array(let names)?:
            return .union(of: names.compactMap(\.string).map { type(named: $0, members, depth) })
        default: return combined(members, depth)
        }
    }

    private mutating func type(named name: String, _ members: [String: JSONValue], _ depth: Int) -> ValueType {
        switch name {
        case "null": .null
        case "boolean": .bool
        case "integer", "number": .number
        case "string": .string
        case "array": .array(of: elements(members, depth))
        case "object": object(members, depth)
        default: .any
        }
    }

    /// Without a type of its own, it is one of `anyOf`, or what one of `allOf` says.
    private mutating func combined(_ members: [String: JSONValue], _ depth: Int) -> ValueType {
        for keyword in ["anyOf", "oneOf"] {
            if case .array(let schemas)? = members[keyword], !schemas.isEmpty {
                return .union(of: schemas.map { Self.opened(type($0, depth: depth + 1)) })
            }
        }
        guard case .array(let schemas)? = members["allOf"] else { return .any }
        for schema in schemas {
            let type = type(schema, depth: depth + 1)
            if type != .any { return Self.opened(type) }
        }
        return .any
    }

    private mutating func elements(_ members: [String: JSONValue], _ depth: Int) -> ValueType {
        var types: [ValueType] = []
        var rest = members["items"]
        if case .array(let schemas)? = members["prefixItems"] ?? rest {
            types = schemas.map { type($0, depth: depth + 1) }
            if members["prefixItems"] == nil { rest = members["additionalItems"] }
        }
        // Nothing but what stands at the front: `false` allows no other.
        if rest != .bool(false) { types.append(rest.map { type($0, depth: depth + 1) } ?? .any) }
        return .union(of: types)
    }

    private mutating func object(_ members: [String: JSONValue], _ depth: Int) -> ValueType {
        var required: Set<String> = []
        if case .array(let names)? = members["required"] { required.formUnion(names.compactMap(\.string)) }
        var properties: [String: ValueType] = [:]
        for (name, schema) in (members["properties"]?.members ?? [:]).sorted(by: { $0.key < $1.key }) {
            let type = type(schema, depth: depth + 1)
            properties[name] = required.contains(name) ? type : type.orNull
        }
        for name in required where properties[name] == nil { properties[name] = .any }
        let isSplit = Self.inPlace.contains { members[$0] != nil }
        guard members["patternProperties"] == nil else { return .object(properties, .typed(.any)) }
        var more = members["additionalProperties"]
        if more == nil, !isSplit { more = members["unevaluatedProperties"] }
        switch more {
        case .bool(false)?: return .object(properties, .none)
        case .object?: return .object(properties, .typed(type(more ?? true, depth: depth + 1)))
        case .none where !isSplit && !properties.isEmpty: return .object(properties, .undeclared)
        default: return .object(properties, .typed(.any))
        }
    }

    /// Keywords that may tell of more properties.
    private static let inPlace = [
        "allOf", "anyOf", "oneOf", "if", "dependentSchemas", "dependencies", "$dynamicRef", "not",
    ]

    /// Other parts of the schema may know more properties than this one does.
    private static func opened(_ type: ValueType) -> ValueType {
        .union(
            of: type.alternatives.map {
                if case .object(let properties, .undeclared) = $0 { .object(properties, .typed(.any)) } else { $0 }
            })
    }

    private func target(_ reference: String) -> JSONValue? {
        guard reference.hasPrefix("#") else { return Optional.none }
        var value = root
        for step in reference.dropFirst().split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let key = String(step).replacing("~1", with: "/").replacing("~0", with: "~")
            if case .array(let elements) = value, let index = Int(key), elements.indices.contains(index) {
                value = elements[index]
            } else if let member = value[key] {
                value = member
            } else {
                return Optional.none
            }
        }
        return reference == "#" || reference.hasPrefix("#/") ? value : Optional.none
    }
}
