/// Which network the tools of an agent may use.
public struct NetworkPolicy: Sendable, Hashable {
    /// Whether the web tools work.
    public var web: Bool
    /// The only hosts of the web tools, as `example.com` or `*.example.com`; empty: all public ones.
    public var allowedHosts: [String]
    /// Hosts and address blocks (`wiki.corp`, `10.1.0.0/16`) that may be reached though they are not public.
    public var intranet: [String]
    /// The ports that the web tools may connect to.
    public var ports: [Int]
    /// Whether commands may connect and listen, anywhere.
    public var commands: Bool

    public init(
        web: Bool = true, allowedHosts: [String] = [], intranet: [String] = [], ports: [Int] = [80, 443],
        commands: Bool = false
    ) {
        self.web = web
        self.allowedHosts = allowedHosts
        self.intranet = intranet
        self.ports = ports
        self.commands = commands
    }

    /// No network at all.
    public static let none = NetworkPolicy(web: false)
}
