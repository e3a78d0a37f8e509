public import JSON

/// A tool as a model is told of it.
public struct ToolDefinition: Sendable, Hashable, Codable {
    /// What every provider accepts: 1 to 64 of `a-z A-Z 0-9 _ -`.
    public var name: String
    public var description: String
    /// A JSON Schema whose top is an object.
    public var parameters: JSONValue
    /// Asks the provider to hold the model to the schema; dropped where it is not known.
    public var isStrict: Bool

    public init(name: String, description: String, parameters: JSONValue, isStrict: Bool = false) {
        self.name = name
        self.description = description
        self.parameters = parameters
        self.isStrict = isStrict
    }
}
