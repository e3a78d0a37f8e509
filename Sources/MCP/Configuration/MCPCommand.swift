/// A server that is a program of ours, spoken with over its standard input and output.
public struct MCPCommand: Sendable, Hashable {
    /// The program, looked up on PATH unless it has a slash, and its arguments.
    public var argv: [String]
    /// Variables of its environment.
    public var environment: [String: MCPSetting] = [:]
    /// The names of variables of our own environment that it gets too.
    public var inherited: [String] = []
    public var directory: String?

    public init(_ argv: [String]) {
        self.argv = argv
    }
}
