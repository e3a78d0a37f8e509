internal import Crypto
public import JSON

/// A tool as its server describes it. Nothing of it is to be trusted.
public struct MCPTool: Sendable, Hashable {
    public let name: String
    public let title: String?
    public let description: String
    /// The schema of its arguments.
    public let inputSchema: JSONValue
    /// The schema of `structuredContent`, where the server promises one.
    public let outputSchema: JSONValue?
    public let annotations: MCPToolAnnotations

    public init(
        name: String, title: String? = nil, description: String = "", inputSchema: JSONValue,
        outputSchema: JSONValue? = nil, annotations: MCPToolAnnotations = MCPToolAnnotations()
    ) {
        self.name = name
        self.title = title
        self.description = description
        self.inputSchema = inputSchema
        self.outputSchema = outputSchema
        self.annotations = annotations
    }

    /// `sha256:` and the SHA-256 of name, description and input schema as JSON with sorted keys: all that a model is
    /// told of the tool. Another value is another tool, whatever its name.
    public var digest: String {
        let told: JSONValue = [
            "name": .string(name), "description": .string(description), "inputSchema": inputSchema,
        ]
        return "sha256:" + SHA256.hash(data: told.bytes).map { String(hex: $0) }.joined()
    }
}

extension String {
    fileprivate init(hex byte: UInt8) {
        let digits = String(byte, radix: 16)
        self = digits.count == 1 ? "0" + digits : digits
    }
}
