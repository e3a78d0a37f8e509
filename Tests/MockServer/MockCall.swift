public import JSON

/// A call of a tool that a mocked model makes.
public struct MockCall: Sendable {
    public var id: String?
    public var name: String
    /// The text of the arguments, which need not be JSON.
    public var arguments: String

    public init(_ name: String, _ arguments: JSONValue = [:], id: String? = "call_1") {
        self.init(name, text: arguments.text, id: id)
    }

    public init(_ name: String, text: String, id: String? = "call_1") {
        self.id = id
        self.name = name
        arguments = text
    }
}
