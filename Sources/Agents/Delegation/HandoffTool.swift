internal import JSON
internal import Postgres
internal import Providers
internal import Queue
internal import Tools
internal import Worker

/// `agent.handoff` of an agent whose configuration names others in `handoffs`: one of them goes on with the
/// conversation, and its answer is that of the task.
///
/// The other one works in a subtask of its own: with its own version, turns and place in line, within the budget of
/// this one. When it fails, the first is told, and can answer itself.
enum HandoffTool {
    static let name = "agent.handoff"
    /// How often one task is handed on. Who has it then must answer.
    static let most = 5

    static func make(_ config: AgentConfig, _ arguments: AgentArguments, _ context: TaskContext) async throws -> Tool {
        let names = Set(config.handoffs)
        let lines = try await AgentPool(context.pool).list().filter { names.contains($0.name) }.map { agent in
            "- \(agent.name)" + (agent.description.map { ": \($0.prefix(200))" } ?? agent.role.map { ": \($0)" } ?? "")
        }
        return Tool(
            name,
            description:
                """
                Hands your task over to another agent for good: it is shown the conversation so far and your message, \
                and its answer is the final one. Call it alone, when somebody else should deal with this.
                \(lines.joined(separator: "\n"))
                """,
            parameters: .object([
                "agent": .oneOf(config.handoffs, "Who is to take over."),
                "message": .string(
                    "What it has to know: what is wanted, what you have found out.", lengths: 1...20_000),
            ]),
            // A second run of the call finds the subtask of the first.
            effect: .idempotent
        ) { try await call($0, config, arguments) }
    }

    /// What the agent that has taken over answered; nil: none has.
    static func answer(to entry: RunState.Entry, _ context: TaskContext) async throws -> JSONValue? {
        guard let call = entry.calls?.first(where: { $0.tool == name && $0.state == .succeeded }) else { return nil }
        let step = AgentScope.stepName(turn: entry.turn, idx: call.idx)
        return try await context.children().first { $0.name == step }?.output ?? .null
    }

    private static func call(
        _ call: ToolCall, _ config: AgentConfig, _ arguments: AgentArguments
    ) async throws -> ToolResult {
        let scope = try AgentScope.of(call)
        let other = call.arguments["agent"]?.string ?? ""
        guard let child = try await scope.context.children().first(where: { $0.name == scope.stepName }) else {
            guard arguments.handoffs.count < most else {
                throw ToolError(
                    "This task was handed on \(arguments.handoffs.count) times already (\((arguments.handoffs + [config.name]).joined(separator: ", "))). Answer it yourself, with what you know."
                )
            }
            try await scope.requireAgent(other)
            let task = try await subtask(for: other, call.arguments["message"]?.string ?? "", scope, config, arguments)
            _ = try await scope.context.handOn([task])
            throw SubtaskWait()
        }
        guard child.state.isFinal else { throw SubtaskWait() }
        let isTainted = try await scope.isTainted([child.id])
        guard child.state == .completed else {
            return ToolResult(
                .string(
                    "\(other) took over and failed: \(child.error?.message ?? "it was cancelled"). Answer yourself, or hand over to another agent."
                ), isError: true, isTainted: isTainted)
        }
        return ToolResult(.object(["agent": .string(other), "answer": child.output ?? .null]), isTainted: isTainted)
    }

    private static func subtask(
        for other: String, _ message: String, _ scope: AgentScope, _ config: AgentConfig, _ arguments: AgentArguments
    ) async throws -> JSONValue {
        guard let state = try await AgentLink(scope.context).state() else {
            throw PermanentFailure("the run of task \(scope.context.task.id) is gone", reason: "internal")
        }
        let text = """
            You take over from \(config.name), and your answer is the final one. The conversation so far:
            <conversation>
            \(Transcript(state).retelling)
            </conversation>
            \(config.name) says to you: \(message)
            """
        var prompt: [ContentPart] = [.text(text)]
        // What is no text cannot be retold.
        prompt += arguments.prompt.filter { if case .text = $0 { false } else { true } }
        var args: [String: JSONValue] = [
            "agent": .string(other), "prompt": try JSONValue(parsing: JSONCoding.encode(prompt).bytes),
            "handoffs": .array((arguments.handoffs + [config.name]).map { .string($0) }),
        ]
        // It is the first one's answer that somebody waits for.
        args["schema"] = (arguments.schema ?? config.outputJSONSchema)?.value
        args["repairs"] = .integer(Int64(arguments.repairs))
        return .object([
            "kind": "agent", "name": .string(scope.stepName), "on_error": "skip",
            "concurrency_key": .string("agent:\(other)"), "args": .object(args),
        ])
    }
}
