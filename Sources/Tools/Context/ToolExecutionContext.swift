public import Sandbox

/// What the tools of an agent may touch; everything that is not allowed here is refused.
///
/// The fields are those of `context_settings` in an agent's configuration.
public struct ToolExecutionContext: Sendable, Hashable {
    /// The folder that file tools, commands and git are confined to; nil: there are none.
    ///
    /// A relative one is meant from the current folder of the process that runs the tools.
    public var allowedBasePath: String?
    /// The most tool calls of one run of the agent, which the engine counts; nil: no limit of its own.
    public var maximumOperations: Int?
    public var securityLevel: SecurityLevel
    public var isolation: IsolationPolicy
    public var network: NetworkPolicy
    public var commands: CommandPolicy

    /// - Parameter securityLevel: Sets what is not given.
    public init(
        allowedBasePath: String? = nil, maximumOperations: Int? = nil, securityLevel: SecurityLevel = .standard,
        isolation: IsolationPolicy? = nil, network: NetworkPolicy? = nil, commands: CommandPolicy? = nil
    ) {
        self.allowedBasePath = allowedBasePath
        self.maximumOperations = maximumOperations
        self.securityLevel = securityLevel
        self.isolation = isolation ?? securityLevel.isolation
        self.network = network ?? securityLevel.network
        self.commands = commands ?? securityLevel.commands
    }
}
