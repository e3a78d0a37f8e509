public import JSON

/// The form that the final answer must have.
public struct OutputSchema: Sendable, Hashable, Codable {
    /// 1 to 64 of `a-z A-Z 0-9 _ -`.
    public var name: String
    /// A JSON Schema.
    public var schema: JSONValue
    /// Asks the provider to hold the model to it. OpenAI wants every object closed and every property required then.
    public var isStrict: Bool

    public init(name: String, schema: JSONValue, isStrict: Bool = false) {
        self.name = name
        self.schema = schema
        self.isStrict = isStrict
    }
}
