internal import JSON
internal import Plans
internal import Postgres
internal import Queue
internal import Tools
internal import Worker

/// `task.delegate` of an agent whose task has `delegate`: it hands on its work as a plan, and gets what the plan brings.
///
/// The plan is a subtask that is named after the call, and so added once, however often the call runs. Meanwhile the
/// agent's task holds no worker.
struct DelegateTool: Sendable {
    static let name = "task.delegate"

    let delegation: PlanDelegation
    /// Those that may be given work.
    let agents: [AgentRecord]
    /// The schemas of fragments are those of JSON as it comes: what is wrong with one is told in words, all at once.
    private static let parameters = JSONSchema.object(
        [
            "fragment": .object(
                [
                    "tasks": .object([:], "The tasks by their ids.", allowsOthers: true),
                    "output": .string("What you get back: an expression. Left out: the outputs of all tasks, by id."),
                ], required: [], "A plan.", allowsOthers: true),
            "input": .any("What the prompts may speak of as {{ input }}: any JSON."),
        ], required: ["fragment"])

    /// - Parameter delegation: What the agent's task allows.
    static func make(_ delegation: PlanDelegation, _ context: TaskContext) async throws -> Tool {
        let names = Set(delegation.agents)
        let agents = try await AgentPool(context.pool).list().filter { names.contains($0.name) }
        let tool = DelegateTool(delegation: delegation, agents: agents)
        return Tool(
            name, description: tool.description, parameters: parameters,
            // A second run of the call finds the subtask of the first.
            effect: .idempotent
        ) { try await tool.call($0) }
    }

    var description: String {
        let lines = agents.map { agent in
            var line = "- \(agent.name)"
            if let role = agent.role { line += ", role \(role)" }
            if !agent.skills.isEmpty { line += ", skills \(agent.skills.joined(separator: " "))" }
            return line + (agent.description.map { ": \($0.prefix(200))" } ?? "")
        }
        let example = agents.first?.name ?? "NAME"
        let deeper =
            delegation.maxDepth > 1
            ? " A task may have \"delegate\": {\"agents\": [...], \"max_tasks\": 3, \"max_depth\": \(delegation.maxDepth - 1)}: then its agent can delegate in turn, and its max_tasks count as yours."
            : ""
        return """
            Has other agents do work, as a plan of tasks, and waits for what it brings. Tasks run at the same time unless \
            one needs another; {{ id }} in a prompt is the output of a task that is needed. An agent sees its prompt and \
            nothing else, so say all that it has to know. Example: {"fragment": {"tasks": {\
            "draft": {"agent": "\(example)", "prompt": "Write ..."}, \
            "check": {"agent": "\(example)", "needs": ["draft"], "prompt": "Check this: {{ draft }}"}}, "output": "check"}}
            A task may also have "when": "draft.ok == true", "each": "draft.items" with "max_items": 5 (then {{ item }} is \
            in the prompt), "schema" (a JSON Schema that its answer must fit), "on_error": "skip". Instead of a name, \
            {"role": "..."} chooses an agent.\(deeper) If the plan fails, you are told where, and can call this again, \
            in all for \(delegation.maxTasks) tasks.
            Agents:
            \(lines.isEmpty ? "- none of those that are allowed are there" : lines.joined(separator: "\n"))
            """
    }

    // MARK: calling

    private func call(_ call: ToolCall) async throws -> ToolResult {
        let scope = try AgentScope.of(call)
        guard let child = try await scope.context.children().first(where: { $0.name == scope.stepName }) else {
            try await begin(call, scope)
            throw SubtaskWait()
        }
        guard child.state.isFinal else { throw SubtaskWait() }
        let isTainted = try await scope.isTainted([child.id])
        guard child.state != .completed else {
            return ToolResult(.object(["output": child.output ?? .null]), isTainted: isTainted)
        }
        return ToolResult(try await report(child, scope), isError: true, isTainted: isTainted)
    }

    private func begin(_ call: ToolCall, _ scope: AgentScope) async throws {
        let task = scope.context.task
        let database = scope.context.pool
        let used = Int(
            try await database.call("select agentcorp.delegated($1)", [task.id]).rows[0].int32(0))
        let fragment = try FragmentCheck(delegation: delegation, pool: try await AgentPool(database).list())
            .accept(call.arguments["fragment"] ?? .null, used: used)
        let version = try await database.call(
            "select agentcorp.put_fragment($1)", [PostgresJSON(fragment.document.bytes)]
        ).rows[0].int64(0)
        let subtask: JSONValue = [
            "kind": "plan", "name": .string(scope.stepName),
            // Its agent is told, and decides.
            "on_error": "skip",
            "args": ["fragment": .integer(version), "input": call.arguments["input"] ?? [:]],
        ]
        let step: JSONValue = ["tasks": .integer(Int64(fragment.tasks)), "fragment": .integer(version)]
        _ = try await database.call(
            "select agentcorp.expand($1, $2, $3, $4)",
            [
                task.id, Int32(task.attempt), PostgresJSON(JSONValue.array([subtask]).bytes),
                PostgresJSON(JSONValue.object(["delegate \(scope.turn).\(scope.idx)": step]).bytes),
            ])
    }

    // MARK: what came of it

    /// Why a plan failed, and what its tasks brought nevertheless.
    private func report(_ plan: NeededTask, _ scope: AgentScope) async throws -> JSONValue {
        let rows = try await scope.context.pool.call(
            "select id, name, outcome, error, output from agentcorp.plan_children($1)", [plan.id]
        ).rows
        let coder = PayloadCoder(scope.context.cipher)
        var tasks: [String: JSONValue] = [:]
        for row in rows {
            let id = try row.int64(0)
            let outcome = try row.int16OrNil(2)
            var fields: [String: JSONValue] = ["state": .string(Self.word(outcome))]
            fields["output"] = try row.bytesOrNil(4).map {
                try JSONValue(parsing: try coder.open($0, for: .output(task: id)))
            }
            let error = try row.bytesOrNil(3).map { try JSONValue(parsing: $0) }
            if outcome != 1 { fields["error"] = error?["message"] }
            tasks[try row.stringOrNil(1) ?? ""] = .object(fields)
        }
        return .object([
            "failed": .string(plan.error?.message ?? "the plan was cancelled"), "tasks": .object(tasks),
            "advice":
                "Delegate only what is missing, in another way or to another agent; or answer with what there is.",
        ])
    }

    private static func word(_ outcome: Int16?) -> String {
        switch outcome {
        case 1: "completed"
        case 2: "failed"
        case 3: "cancelled"
        case 4: "skipped"
        default: "open"
        }
    }
}
