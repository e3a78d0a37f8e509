/// A server at an address, spoken with over streamable HTTP.
public struct MCPEndpoint: Sendable, Hashable {
    /// https, or http on this machine.
    public var url: String
    /// Sent with every request.
    public var headers: [String: MCPSetting] = [:]
    /// The bearer token.
    public var token: MCPSetting?

    public init(_ url: String) {
        self.url = url
    }
}
