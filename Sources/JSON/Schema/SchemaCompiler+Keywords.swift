extension SchemaCompiler {
    mutating func node(_ keywords: SchemaKeywords, _ resource: [String]) throws(JSONSchemaError) -> SchemaNode {
        var node = SchemaNode()
        node.types = try keywords.types()
        if let allowed = try keywords.list("enum") {
            guard !allowed.isEmpty else { throw keywords.mistake("enum", "allows nothing: list the values") }
            node.allowed = allowed.map(\.normalized)
        }
        node.constant = keywords.members["const"]?.normalized
        node.numbers = try numbers(keywords)
        node.strings = try strings(keywords)
        node.arrays = try arrays(keywords, resource)
        node.objects = try objects(keywords, resource)
        node.all = try schemas("allOf", keywords, resource)
        node.any = try schemas("anyOf", keywords, resource)
        node.one = try schemas("oneOf", keywords, resource)
        node.not = try schema("not", keywords, resource)
        node.condition = try schema("if", keywords, resource)
        let consequence = try schema("then", keywords, resource)
        let alternative = try schema("else", keywords, resource)
        if node.condition != nil {
            node.consequence = consequence
            node.alternative = alternative
        }
        _ = try map("$defs", keywords, resource)
        _ = try map("definitions", keywords, resource)
        return node
    }

    private func numbers(_ keywords: SchemaKeywords) throws(JSONSchemaError) -> SchemaNode.NumberRules? {
        var rules = SchemaNode.NumberRules()
        rules.minimum = try keywords.number("minimum")
        rules.maximum = try keywords.number("maximum")
        rules.exclusiveMinimum = try keywords.number("exclusiveMinimum")
        rules.exclusiveMaximum = try keywords.number("exclusiveMaximum")
        if let multiple = try keywords.number("multipleOf") {
            guard multiple > 0 else { throw keywords.mistake("multipleOf", "must be more than 0, is \(multiple)") }
            rules.multiple = keywords.members["multipleOf"]?.normalized
        }
        let given = [rules.minimum, rules.maximum, rules.exclusiveMinimum, rules.exclusiveMaximum]
        return rules.multiple == nil && given.allSatisfy { $0 == nil } ? nil : rules
    }

    private func strings(_ keywords: SchemaKeywords) throws(JSONSchemaError) -> SchemaNode.StringRules? {
        let shortest = try keywords.count("minLength")
        let longest = try keywords.count("maxLength")
        let text = try keywords.string("pattern")
        guard shortest != nil || longest != nil || text != nil else { return nil }
        var rules = SchemaNode.StringRules(shortest: shortest, longest: longest)
        if let text { rules.pattern = try keywords.pattern(text, "pattern") }
        return rules
    }

    private mutating func arrays(
        _ keywords: SchemaKeywords, _ resource: [String]
    ) throws(JSONSchemaError) -> SchemaNode.ArrayRules? {
        let known = [
            "items", "prefixItems", "contains", "minItems", "maxItems", "uniqueItems", "unevaluatedItems",
        ]
        guard known.contains(where: { keywords.members[$0] != nil }) else { return nil }
        var rules = SchemaNode.ArrayRules()
        if case .array? = keywords.members["items"] {
            // Of older drafts.
            rules.first = try schemas("items", keywords, resource)
            rules.others = try schema("additionalItems", keywords, resource)
        } else {
            rules.first = try schemas("prefixItems", keywords, resource)
            rules.others = try schema("items", keywords, resource)
        }
        rules.contained = try schema("contains", keywords, resource)
        rules.fewestContained = try keywords.count("minContains") ?? 1
        rules.mostContained = try keywords.count("maxContains")
        rules.fewest = try keywords.count("minItems")
        rules.most = try keywords.count("maxItems")
        rules.isUnique = try keywords.flag("uniqueItems")
        rules.unevaluated = try schema("unevaluatedItems", keywords, resource)
        return rules
    }

    private mutating func objects(
        _ keywords: SchemaKeywords, _ resource: [String]
    ) throws(JSONSchemaError) -> SchemaNode.ObjectRules? {
        let known = [
            "properties", "patternProperties", "additionalProperties", "propertyNames", "required", "minProperties",
            "maxProperties", "dependentRequired", "dependentSchemas", "dependencies", "unevaluatedProperties",
        ]
        guard known.contains(where: { keywords.members[$0] != nil }) else { return nil }
        var rules = SchemaNode.ObjectRules()
        rules.properties = Dictionary(uniqueKeysWithValues: try map("properties", keywords, resource))
        for (text, node) in try map("patternProperties", keywords, resource) {
            rules.patterns.append((try keywords.pattern(text, "patternProperties"), node))
        }
        rules.others = try schema("additionalProperties", keywords, resource)
        rules.names = try schema("propertyNames", keywords, resource)
        rules.required = try keywords.names("required") ?? []
        rules.fewest = try keywords.count("minProperties")
        rules.most = try keywords.count("maxProperties")
        for (name, value) in try keywords.map("dependentRequired") ?? [] {
            rules.dependentRequired.append((name, try keywords.names(value, "dependentRequired")))
        }
        rules.dependentSchemas = try map("dependentSchemas", keywords, resource)
        // Of older drafts: names, or a schema.
        for (name, value) in try keywords.map("dependencies") ?? [] {
            if case .array = value {
                rules.dependentRequired.append((name, try keywords.names(value, "dependencies")))
            } else {
                let node = try schema(value, keywords.steps + ["dependencies", name], resource: resource)
                rules.dependentSchemas.append((name, node))
            }
        }
        rules.unevaluated = try schema("unevaluatedProperties", keywords, resource)
        return rules
    }

    private mutating func schema(
        _ keyword: String, _ keywords: SchemaKeywords, _ resource: [String]
    ) throws(JSONSchemaError) -> Int? {
        guard let value = keywords.members[keyword] else { return nil }
        return try schema(value, keywords.steps + [keyword], resource: resource)
    }

    private mutating func schemas(
        _ keyword: String, _ keywords: SchemaKeywords, _ resource: [String]
    ) throws(JSONSchemaError) -> [Int] {
        guard let elements = try keywords.list(keyword) else { return [] }
        guard !elements.isEmpty else { throw keywords.mistake(keyword, "must hold at least one schema") }
        var nodes: [Int] = []
        for (index, element) in elements.enumerated() {
            nodes.append(try schema(element, keywords.steps + [keyword, "\(index)"], resource: resource))
        }
        return nodes
    }

    private mutating func map(
        _ keyword: String, _ keywords: SchemaKeywords, _ resource: [String]
    ) throws(JSONSchemaError) -> [(String, Int)] {
        var nodes: [(String, Int)] = []
        for (name, value) in try keywords.map(keyword) ?? [] {
            nodes.append((name, try schema(value, keywords.steps + [keyword, name], resource: resource)))
        }
        return nodes
    }
}
