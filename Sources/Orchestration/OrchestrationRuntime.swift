public import Agents
public import Worker

/// What plans run with in a process.
public struct OrchestrationRuntime: Sendable {
    private let agents: AgentRuntime
    private let library = PlanLibrary()

    /// - Parameter agents: Register it too: what plans have agents do are tasks of kind `agent`.
    public init(agents: AgentRuntime) {
        self.agents = agents
    }

    /// Registers the kinds of which plans consist, and the preparation of their tasks.
    public func register(in registry: HandlerRegistry) {
        let preparation = PlanPreparation(library: library)
        registry.prepare(argumentsWith: PlanPlace.member) { try await preparation.prepare($0) }
        let plan = PlanHandler(library: library)
        let each = EachHandler(library: library)
        let rounds = RepeatHandler(library: library)
        let route = RouteHandler(library: library)
        let vote = VoteHandler()
        let tool = ToolHandler(tools: agents.tools, servers: agents.servers)
        registry.register("plan") { try await plan.handle($0) }
        registry.register("each") { try await each.handle($0) }
        registry.register("repeat") { try await rounds.handle($0) }
        registry.register("route") { try await route.handle($0) }
        registry.register(ValueHandler.kind) { try await ValueHandler.handle($0) }
        registry.register("evaluation") { try await EvaluationHandler.finish($0) }
        registry.register("evaluation_example") { try await EvaluationHandler.example($0) }
        registry.register("vote") { try await vote.handle($0) }
        registry.register("tool") { try await tool.handle($0) }
        registry.register("plan_trigger") { try await TriggerHandler().handle($0) }
        registry.register("approve") { try await ApproveHandler.handle($0) }
        registry.register("wait") { try await WaitHandler.handle($0) }
        registry.register("emit") { try await EmitHandler.handle($0) }
    }
}
