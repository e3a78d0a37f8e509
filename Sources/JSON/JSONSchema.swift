/// A JSON Schema (draft 2020-12), checked when it is made, and what a value must look like by it.
///
/// All keywords that assert something are known, but `$dynamicRef`, which is taken as `$ref`; of older drafts also
/// `definitions`, `dependencies`, and `items` with an array. `format` and the `content` keywords say something to
/// people and models, and are not checked. Unknown keywords are ignored. `$ref` leads to a place within the same schema:
/// nothing is ever fetched. Lengths of strings count Unicode scalars; `pattern` is JavaScript's, and bounded in work.
///
/// Specification: https://json-schema.org/draft/2020-12
public struct JSONSchema: Sendable, Hashable {
    /// More mistakes than these are not told.
    public static let mostViolations = 20

    /// The schema itself.
    public let value: JSONValue
    let nodes: [SchemaNode]

    /// Throws `JSONSchemaError` that names the place by a JSON pointer.
    public init(_ value: JSONValue) throws(JSONSchemaError) {
        self.value = value
        var compiler = SchemaCompiler(root: value)
        nodes = try compiler.compile()
    }

    /// What is wrong with a value, the first mistakes first; empty when it fits. At most `mostViolations`.
    ///
    /// The work is bounded: a value that takes too much of it has a violation that says so.
    public func violations(of value: JSONValue) -> [JSONViolation] {
        var check = SchemaCheck(nodes)
        return check.violations(of: value)
    }

    public static func == (left: JSONSchema, right: JSONSchema) -> Bool { left.value == right.value }

    public func hash(into hasher: inout Hasher) { hasher.combine(value) }
}
