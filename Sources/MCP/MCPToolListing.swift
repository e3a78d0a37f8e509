/// The tools of a server.
public struct MCPToolListing: Sendable, Hashable {
    /// A tool that is not offered.
    public struct Rejected: Sendable, Hashable {
        public let name: String
        public let reason: String
    }

    /// In the order of the server.
    public let tools: [MCPTool]
    public let rejected: [Rejected]
    /// How long the server lets it be kept; nil when it does not say.
    let lifetime: Duration?

    /// The tool of that name.
    public subscript(name: String) -> MCPTool? { tools.first { $0.name == name } }
}
