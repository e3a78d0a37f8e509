import AgentTestSupport
import Agents
import JSON
import Orchestration
import Plans
import Postgres
import Providers
import Queue
import TestSupport
import Tools
import Worker

/// Workers that run plans, and what a test asks of them.
struct PlanWorld {
    let agents: AgentWorld
    var manager: TaskManager { agents.manager }
    var orchestrator: Orchestrator { Orchestrator(agents.manager) }

    /// - Parameter answer: What agents say; by default the prompt.
    static func run<Result>(
        _ agents: [JSONValue] = [[:]], tools: [Tool] = [], workers: Int = 1, concurrency: Int = 10,
        kinds: @escaping @Sendable (HandlerRegistry) -> Void = { _ in },
        answering answer: @escaping @Sendable (ChatRequest, Int) async throws -> ChatResponse = { request, _ in
            .text(request.userTexts.last)
        },
        _ body: (PlanWorld) async throws -> Result
    ) async throws -> Result {
        try await AgentWorld.run(
            [ScriptedProvider(answer)], agents, tools: tools, workers: workers, concurrency: concurrency,
            register: { handlers, runtime in
                OrchestrationRuntime(agents: runtime).register(in: handlers)
                handlers.register("echo") { .completed($0.task.args.isEmpty ? nil : .init($0.task.args)) }
                handlers.register("fail_unless") { context in
                    guard try context.decode([String: Bool].self)["ok"] == true else { throw PermanentFailure("no") }
                    return .completed(nil)
                }
                handlers.register("fail") { context in
                    throw PermanentFailure(try context.decode([String: String].self)["message"] ?? "it was to fail")
                }
                kinds(handlers)
            }
        ) { try await body(PlanWorld(agents: $0)) }
    }

    /// Runs it with the agents of a folder and a provider of one's own.
    static func run<Result>(
        agents folder: String, provider: any Provider, _ body: (PlanWorld) async throws -> Result
    ) async throws -> Result {
        try await AgentWorld.run(
            [provider], tools: try ToolRegistry.global.subset(names: ["filesys.*"]).tools,
            register: { handlers, runtime in OrchestrationRuntime(agents: runtime).register(in: handlers) }
        ) { world in
            try await AgentPool(world.pool).load(folder)
            return try await body(PlanWorld(agents: world))
        }
    }

    /// Starts a run of a plan with these tasks.
    func start(_ tasks: JSONValue, output: String? = nil, input: JSONValue = [:], more: JSONValue = [:]) async throws
        -> Int64
    {
        var document: [String: JSONValue] = ["plan": "test", "version": 1, "tasks": tasks]
        document["output"] = output.map { .string($0) }
        document.merge(more.members ?? [:]) { $1 }
        return try await orchestrator.run(try PlanReader.plan(from: .object(document)), input: input)
    }

    /// What a plan returns.
    func result(_ tasks: JSONValue, output: String? = nil, input: JSONValue = [:], more: JSONValue = [:]) async throws
        -> JSONValue
    {
        try await agents.end(of: try await start(tasks, output: output, input: input, more: more))
    }

    /// Why a plan fails.
    func failure(_ tasks: JSONValue, output: String? = nil, input: JSONValue = [:], more: JSONValue = [:]) async throws
        -> TaskFailure
    {
        try await agents.failure(of: try await start(tasks, output: output, input: input, more: more))
    }

    /// The states of a run's tasks, by name, sorted: `a completed`.
    func states(of run: Int64) async throws -> [String] {
        try await agents.rows(
            "select name || ' ' || state from agentcorp.tasks where root_id = \(run) and id <> \(run) order by name")
    }
}
