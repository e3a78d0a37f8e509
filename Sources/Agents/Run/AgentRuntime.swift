internal import JSON
internal import Postgres
public import Providers
internal import Queue
public import Tools
public import Worker

/// What agents run with in a process: models, tools, prices.
public struct AgentRuntime: Sendable {
    /// How many answers an agent may give for a task unless its configuration says otherwise.
    public static let defaultMaxTurns = 50
    /// Tokens that a model takes of which the price table knows nothing.
    public static let defaultContextWindow = 128_000

    public var providers: ProviderCatalog
    public var tools: ToolRegistry
    /// Whose tools agents may have beside those of the registry.
    public var servers: MCPServerPool?
    public var prices: PriceTable
    /// Blanks secrets in what tools return.
    public var scrubber: SecretScrubber

    /// - Parameter tools: Gets the tools of the engine, `task.*`, `memory.*`, `message.*` and `event.*`, unless it has tools of
    ///   these names.
    public init(
        providers: ProviderCatalog, tools: ToolRegistry = .global, servers: MCPServerPool? = nil,
        prices: PriceTable = .builtIn
    ) {
        self.providers = providers
        self.tools = tools
        self.servers = servers
        self.prices = prices
        scrubber = providers.scrubber
        for tool in EngineTools.all where tools.tool(named: tool.name) == nil { try? tools.register(tool) }
    }

    /// Registers the kinds `agent` and `complex_query`.
    public func register(in registry: HandlerRegistry) {
        registry.register("agent") { try await execute($0) }
        registry.register(ComplexQuery.kind) { try await ComplexQuery.handle($0) }
    }

    private func execute(_ context: TaskContext) async throws -> TaskResult {
        try context.refuseEncryptedArguments()
        let arguments = try AgentArguments(context.task.args)
        let link = AgentLink(context)
        let resumed = try await link.resume()
        let agent = try await agent(arguments.agent, version: resumed?.version, context)
        let state: RunState
        if let resumed {
            state = resumed
        } else {
            state = try await link.begin(
                agent: arguments.agent, version: agent.version, prompt: try arguments.promptJSON,
                session: arguments.session, budget: arguments.budget ?? agent.config.budget, fork: arguments.fork)
        }
        return try await AgentRun(
            runtime: self, context: context, link: link, arguments: arguments, config: agent.config,
            version: agent.version, toolbox: try await toolbox(agent.config, arguments, context)
        ).run(from: state)
    }

    /// The configuration that the task is pinned to, or the current one.
    private func agent(
        _ name: String, version: Int?, _ context: TaskContext
    ) async throws -> (version: Int, config: AgentConfig) {
        do {
            return try await AgentPool(context.pool).agent(named: name, version: version)
        } catch let error as AgentConfigError {
            throw PermanentFailure(
                "the configuration of agent \"\(name)\" is not valid: \(error)", reason: "configuration")
        } catch let error as QueueError where error.code == .unknownTask {
            throw PermanentFailure("\(error)", reason: "configuration")
        }
    }

    private func toolbox(
        _ config: AgentConfig, _ arguments: AgentArguments, _ context: TaskContext
    ) async throws -> Toolbox {
        let limits: ToolExecutionContext
        do {
            limits = try ToolExecutionContext(settings: config.contextSettings)
        } catch {
            throw PermanentFailure("agent \"\(config.name)\": \(error)", reason: "configuration")
        }
        do {
            var tools: [Tool] = []
            var own: [String] = []
            let known = Set(servers?.servers ?? [])
            var wanted = Set(config.mcpServers)
            for name in config.tools {
                let server = String(name.prefix { $0 != "." })
                if known.contains(server), self.tools.tool(named: name) == nil {
                    wanted.insert(server)
                } else {
                    own.append(name)
                }
            }
            tools += try self.tools.subset(names: own).tools
            for server in wanted.sorted() {
                guard let servers else {
                    throw TaskFailure("this worker has no MCP servers, and agent \"\(config.name)\" needs \(server)")
                }
                tools += try await servers.tools(of: server).filter { tool in
                    config.mcpServers.contains(server) || config.tools.contains(tool.name)
                }
            }
            if let some = arguments.tools {
                let offered = [
                    config.handoffs.isEmpty ? nil : HandoffTool.name,
                    arguments.delegation == nil ? nil : DelegateTool.name,
                ]
                for name in some where !offered.contains(name) && !tools.contains(where: { $0.name == name }) {
                    let names = tools.map(\.name)
                    let hint =
                        Spelling.nearest(to: name, in: names).map { "; did you mean \($0)?" }
                        ?? (names.isEmpty ? "; it has none" : "; it has \(names.joined(separator: ", "))")
                    throw PermanentFailure(
                        "agent \"\(config.name)\" has no tool \"\(name)\"\(hint)", reason: "arguments")
                }
                tools.removeAll { !some.contains($0.name) }
            }
            if !config.handoffs.isEmpty, arguments.tools?.contains(HandoffTool.name) ?? true {
                tools.append(try await HandoffTool.make(config, arguments, context))
            }
            if let delegation = arguments.delegation {
                tools.removeAll { $0.name == DelegateTool.name }
                tools.append(try await DelegateTool.make(delegation, context))
            }
            return Toolbox(ToolSet(tools), limits: limits)
        } catch let error as PermanentFailure {
            throw error
        } catch let error as CancellationError {
            throw error
        } catch {
            // Another worker may have them.
            throw TaskFailure("agent \"\(config.name)\": \(error)", reason: "tools")
        }
    }
}
