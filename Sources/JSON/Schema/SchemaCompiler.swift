/// Makes the nodes of a schema, and finds what is wrong with it.
struct SchemaCompiler {
    let root: JSONValue
    private var nodes: [SchemaNode] = []
    /// The nodes by where they stand.
    private var places: [[String]: Int] = [:]
    /// The anchors of each resource, by its place and their name.
    private var anchors: [[String]: [String: Int]] = [:]
    /// The places of schemas that have an `$id`, by it.
    private var resources: [String: [String]] = [:]
    private var references: [Reference] = []

    static let deepest = 100
    static let mostNodes = 10_000

    private struct Reference {
        let node: Int
        let text: String
        let keyword: String
        /// Where it stands, and the place of the resource around it.
        let steps: [String]
        let resource: [String]
    }

    init(root: JSONValue) {
        self.root = root
    }

    /// The node of the whole schema is the first one.
    mutating func compile() throws(JSONSchemaError) -> [SchemaNode] {
        _ = try schema(root, [], resource: [])
        // A reference may lead to a place that no keyword leads to, and that may hold references again.
        while let reference = references.popLast() {
            nodes[reference.node].reference = try target(of: reference)
        }
        try refuseCircles()
        return nodes
    }

    mutating func schema(
        _ value: JSONValue, _ steps: [String], resource: [String]
    ) throws(JSONSchemaError) -> Int {
        if let known = places[steps] { return known }
        guard steps.count <= Self.deepest, nodes.count < Self.mostNodes else {
            throw JSONSchemaError(
                pointer: JSONPointer.text(steps),
                message: "the schema is too large: at most \(Self.mostNodes) schemas, nested \(Self.deepest) deep")
        }
        let index = nodes.count
        nodes.append(SchemaNode())
        places[steps] = index
        switch value {
        case .bool(let verdict):
            nodes[index].verdict = verdict
        case .object(let members):
            let keywords = SchemaKeywords(members: members, steps: steps)
            var resource = resource
            if let id = try keywords.string("$id"), !id.hasPrefix("#") {
                resource = steps
                resources[String(id.prefix { $0 != "#" })] = steps
            }
            for keyword in ["$anchor", "$dynamicAnchor"] {
                if let name = try keywords.string(keyword) { anchors[resource, default: [:]][name] = index }
            }
            for keyword in ["$ref", "$dynamicRef"] {
                guard let text = try keywords.string(keyword) else { continue }
                references.append(
                    Reference(node: index, text: text, keyword: keyword, steps: steps, resource: resource))
            }
            var compiled = try node(keywords, resource)
            compiled.reference = nodes[index].reference
            nodes[index] = compiled
        default:
            throw JSONSchemaError(
                pointer: JSONPointer.text(steps),
                message: "a schema must be an object, true or false, is \(value.excerpt)")
        }
        return index
    }

    private mutating func target(of reference: Reference) throws(JSONSchemaError) -> Int {
        let place = JSONPointer.text(reference.steps + [reference.keyword])
        let parts = reference.text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let document = parts.first.map(String.init) ?? ""
        let fragment = parts.count > 1 ? parts[1] : ""
        guard let resource = document.isEmpty ? reference.resource : resources[document] else {
            throw JSONSchemaError(
                pointer: place,
                message: "\"\(reference.text)\" leads outside of this schema, and nothing is fetched: put the schema "
                    + "it means under \"$defs\", and refer to \"#/$defs/NAME\"")
        }
        if let steps = JSONPointer.steps(ofFragment: fragment) {
            let whole = resource + steps
            if let value = JSONPointer.value(whole, in: root) { return try schema(value, whole, resource: resource) }
        } else if let node = anchors[resource]?[String(fragment)] {
            return node
        }
        throw JSONSchemaError(pointer: place, message: "\"\(reference.text)\" leads nowhere" + hint(fragment))
    }

    private func hint(_ fragment: Substring) -> String {
        guard case .object(let definitions)? = root["$defs"] ?? root["definitions"],
            let name = fragment.split(separator: "/").last, name.utf8.count <= 64,
            let near = Spelling.nearest(to: String(name), in: definitions.keys.sorted().prefix(100).map { $0 })
        else { return "" }
        return ", did you mean \"#/\(root["$defs"] == nil ? "definitions" : "$defs")/\(near)\"?"
    }

    /// A schema that leads back to itself, without a step into the value on the way, says nothing and never ends.
    private func refuseCircles() throws(JSONSchemaError) {
        enum Visit { case open, closed }
        var visits = [Visit?](repeating: nil, count: nodes.count)
        for start in nodes.indices where visits[start] == nil {
            var stack = [(node: start, next: nodes[start].inPlace[...])]
            visits[start] = .open
            while let top = stack.indices.last {
                guard let next = stack[top].next.popFirst() else {
                    visits[stack[top].node] = .closed
                    stack.removeLast()
                    continue
                }
                switch visits[next] {
                case .closed: continue
                case .open:
                    let steps = places.first { $0.value == next }?.key ?? []
                    throw JSONSchemaError(
                        pointer: JSONPointer.text(steps),
                        message: "the schema refers to itself for the same value, which never ends: let it refer to "
                            + "itself from within properties or items")
                case nil:
                    visits[next] = .open
                    stack.append((next, nodes[next].inPlace[...]))
                }
            }
        }
    }
}
