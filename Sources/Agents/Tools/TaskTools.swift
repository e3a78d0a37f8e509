internal import JSON
internal import Postgres
internal import Queue
internal import Tools
internal import Worker

/// Tools with which an agent breaks its task down, and hands pieces to other agents. They reach no further than the
/// tasks below the agent's own.
enum TaskTools {
    static let all = [createTask, addSubtask, getTask, updateTaskStatus, delegate]

    /// An agent that hands everything on, to itself perhaps, must come to an end.
    private static let deepest = 8
    private static let largest = 1000

    private static let agentField = JSONSchema.string("The agent that is to do it; the same agent as you if left out.")

    static let createTask = Tool(
        "task.create_task",
        description:
            "Creates a subtask of your task that an agent works on by itself, beside you. Returns its id at once; your task ends after it. Use task.delegate to get an answer back.",
        parameters: .object(
            [
                "description": .string("What is to be done, with all that is needed to do it."),
                "agent": agentField,
            ], required: ["description"]),
        effect: .idempotent
    ) { call in
        try await create(call, below: try AgentScope.of(call).context.task.id)
    }

    static let addSubtask = Tool(
        "task.add_subtask",
        description:
            "Adds a subtask to a task that you have created. Returns its id at once; the task above it ends after it.",
        parameters: .object(
            [
                "task_id": .integer("The id of the task that is to get a subtask."),
                "description": .string("What is to be done, with all that is needed to do it."),
                "agent": agentField,
            ], required: ["task_id", "description"]),
        effect: .idempotent
    ) { call in
        try await create(call, below: try await ownTask(call))
    }

    static let getTask = Tool(
        "task.get_task",
        description:
            "Tells how a task that you have created stands: its state, and its output or error once it has ended.",
        parameters: .object(["task_id": .integer("The id of the task.")], required: ["task_id"]),
        effect: .pure
    ) { call in
        let task = try await ownTask(call)
        let scope = try AgentScope.of(call)
        let standing = try await scope.context.manager.standing(of: task)
        var fields: [String: JSONValue] = ["state": .string(standing.state.rawValue)]
        fields["output"] = standing.output
        fields["error"] = standing.error.map { .string($0.message) }
        return ToolResult(.object(fields), isTainted: try await scope.isTainted([task]))
    }

    static let updateTaskStatus = Tool(
        "task.update_task_status",
        description:
            "Reports how far your task is (status in_progress, with a message), or cancels a task that you have created, and all below it (status cancelled).",
        parameters: .object(
            [
                "task_id": .integer("The id of the task; your own if left out."),
                "status": .oneOf(["in_progress", "cancelled"], "The new status."),
                "message": .string("How far it is, or why it is cancelled."),
                "progress": .number("How much is done, from 0 to 1."),
            ], required: ["status"]),
        effect: .idempotent
    ) { call in
        let scope = try AgentScope.of(call)
        let message = call.arguments["message"]?.string
        let own = scope.context.task.id
        let task = call.arguments["task_id"] == nil ? own : try await ownTask(call, orItself: true)
        if call.arguments["status"]?.string == "cancelled" {
            guard task != own else {
                throw ToolError("You cannot cancel your own task. Give your final answer, and say why it stops here.")
            }
            let count = try await scope.context.manager.cancel(task, reason: message ?? "cancelled by \(scope.agent)")
            return ToolResult(.object(["cancelled": .integer(Int64(count))]))
        }
        guard task == own else {
            throw ToolError("Task \(task) reports its progress itself; you can only cancel it.")
        }
        let fraction = call.arguments["progress"]?.double
        guard fraction.map({ (0...1).contains($0) }) ?? true else { throw ToolError("progress must be from 0 to 1") }
        try await scope.context.reportProgress(fraction, message)
        return ToolResult("noted")
    }

    static let delegate = Tool(
        "task.delegate",
        description:
            "Hands pieces of work to other agents, at the same time, and waits for their answers. Each prompt must hold all that is needed: the other agent sees nothing else.",
        parameters: .object(
            [
                "tasks": .array(
                    of: .object(
                        [
                            "agent": .string("The name of the agent."),
                            "role": .string("Instead of a name: any agent with this role."),
                            "prompt": .string("What it is to do."),
                        ], required: ["prompt"]), "One to 20 pieces of work.", counts: 1...20)
            ], required: ["tasks"]),
        // Each piece is a subtask with a name: a second run of the call finds those of the first.
        effect: .idempotent, timeout: .seconds(30)
    ) { call in
        let scope = try AgentScope.of(call)
        guard case .array(let pieces)? = call.arguments["tasks"] else { throw ToolError("tasks must be an array") }
        let names = pieces.indices.map { "\(scope.stepName).\($0)" }
        var children = try await scope.context.children().filter { names.contains($0.name ?? "") }
        if children.isEmpty {
            try await requireRoom(scope)
            var nodes: [JSONValue] = []
            for (name, piece) in zip(names, pieces) {
                let agent: String
                if let given = piece["agent"]?.string {
                    agent = given
                } else if let role = piece["role"]?.string {
                    agent = try await scope.pick(role: role)
                } else {
                    throw ToolError("each task needs an agent, or a role")
                }
                nodes.append(try await node(scope, name: name, agent: agent, prompt: piece["prompt"]?.string ?? ""))
            }
            _ = try await scope.context.handOn(nodes)
            throw SubtaskWait()
        }
        guard children.allSatisfy(\.state.isFinal) else { throw SubtaskWait() }
        children.sort { names.firstIndex(of: $0.name!)! < names.firstIndex(of: $1.name!)! }
        return ToolResult(
            .array(
                children.map { child in
                    var fields: [String: JSONValue] = [
                        "task_id": .integer(child.id), "state": .string(child.state.rawValue),
                    ]
                    fields["answer"] = child.output
                    fields["error"] = child.error.map { .string($0.message) }
                    return .object(fields)
                }), isTainted: try await scope.isTainted(children.map(\.id)))
    }

    // MARK: how

    private static func create(_ call: ToolCall, below parent: Int64) async throws -> ToolResult {
        let scope = try AgentScope.of(call)
        // Below another task there may be a call of the same number that its own agent has made.
        let own = scope.context.task.id
        try await requireRoom(scope)
        let node = try await node(
            scope, name: parent == own ? scope.stepName : "\(scope.stepName) of \(own)",
            agent: call.arguments["agent"]?.string ?? scope.agent,
            prompt: call.arguments["description"]?.string ?? "")
        let ids = try await scope.context.handOn([node], below: parent)
        return ToolResult(.object(["task_id": .integer(ids[0])]))
    }

    /// A subtask for an agent, as `add_subtasks` takes it. It may fail without failing the task above it, whose agent is
    /// told and decides.
    private static func node(
        _ scope: AgentScope, name: String, agent: String, prompt: String
    ) async throws -> JSONValue {
        guard !prompt.isEmpty else { throw ToolError("say what is to be done") }
        try await scope.requireAgent(agent)
        return .object([
            "kind": "agent", "name": .string(name), "on_error": "skip",
            "concurrency_key": .string("agent:\(agent)"),
            "args": .object(["agent": .string(agent), "prompt": .string(prompt)]),
        ])
    }

    /// Refuses to make a tree deeper or larger than agents may.
    private static func requireRoom(_ scope: AgentScope) async throws {
        let result = try await scope.context.pool.call(
            "select depth, tasks from agentcorp.delegation_room($1)", [scope.context.task.id])
        guard try result.rows[0].int32(0) < deepest, try result.rows[0].int32(1) < largest else {
            throw ToolError(
                "No more work can be handed on here: tasks of agents are nested at most \(deepest) deep, and a tree has at most about \(largest) tasks. Do it yourself."
            )
        }
    }

    /// The task that a call names, which must be below the agent's own.
    private static func ownTask(_ call: ToolCall, orItself: Bool = false) async throws -> Int64 {
        guard case .integer(let task)? = call.arguments["task_id"] else { throw ToolError("task_id must be a number") }
        let scope = try AgentScope.of(call)
        let own = scope.context.task.id
        if task == own, orItself { return task }
        let result = try await scope.context.pool.call("select agentcorp.is_below($1, $2)", [task, own])
        guard try result.rows[0].bool(0) else {
            throw ToolError("Task \(task) is not one that you have created; you can see and change only those.")
        }
        return task
    }
}
