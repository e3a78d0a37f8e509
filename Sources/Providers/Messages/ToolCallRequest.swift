public import JSON

/// A model's wish to have a tool called.
public struct ToolCallRequest: Sendable, Hashable, Codable {
    /// The provider's id, or one made up where the server sent none; unique in its message.
    public var id: String
    /// The name as the request listed it.
    public var name: String
    /// The arguments, an object; nil when what the model wrote is none: such a call must not run.
    public var arguments: JSONValue?
    /// The arguments as the model wrote them.
    public var rawArguments: String

    public init(id: String, name: String, arguments: JSONValue?, rawArguments: String) {
        self.id = id
        self.name = name
        self.arguments = arguments
        self.rawArguments = rawArguments
    }

    /// Reads what a model wrote: nothing at all means no arguments, anything but an object has none.
    public init(id: String, name: String, rawArguments: String) {
        let isEmpty = rawArguments.allSatisfy(\.isWhitespace)
        let parsed: JSONValue? = isEmpty ? .object([:]) : try? JSONValue(parsing: rawArguments)
        var arguments: JSONValue?
        if case .object = parsed { arguments = parsed }
        self.init(id: id, name: name, arguments: arguments, rawArguments: rawArguments)
    }

    private enum CodingKeys: String, CodingKey {
        case id, name, arguments
        case rawArguments = "raw_arguments"
    }
}
