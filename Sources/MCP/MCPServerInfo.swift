/// What a server says of itself once it is connected.
public struct MCPServerInfo: Sendable, Hashable {
    public let name: String?
    public let version: String?
    /// The revision of the protocol that is spoken with it.
    public let revision: String
    /// How to use its tools, for a model. Not to be trusted.
    public let instructions: String?
}
