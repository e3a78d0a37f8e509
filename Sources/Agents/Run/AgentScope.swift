internal import Postgres
internal import Queue
internal import Tools
internal import Worker

/// What an agent's run hands to the tools that reach back into the engine.
struct AgentScope: ToolScope {
    let context: TaskContext
    let runtime: AgentRuntime
    /// The agent that calls.
    let agent: String
    let memory: AgentMemory
    let turn: Int
    let idx: Int

    /// Names what the call adds, so that a second run of it finds what the first has added.
    var stepName: String { Self.stepName(turn: turn, idx: idx) }

    static func stepName(turn: Int, idx: Int) -> String { "call \(turn).\(idx)" }
}

extension AgentScope {
    /// The scope of a call that an agent's run makes; a tool that needs it works nowhere else.
    static func of(_ call: ToolCall) throws -> AgentScope {
        guard let scope = call.scope as? AgentScope else {
            throw ToolError("This tool works only within an agent's task.")
        }
        return scope
    }
}

extension AgentScope {
    /// Refuses an agent that is not in the pool, in words for a model.
    func requireAgent(_ name: String) async throws {
        do {
            _ = try await AgentPool(context.pool).agent(named: name)
        } catch {
            throw ToolError("There is no agent \(name) to give work to: \(error)")
        }
    }

    /// The least busy agent with a role.
    func pick(role: String) async throws -> String {
        do {
            return try await AgentPool(context.pool).pick(role: role)
        } catch {
            throw ToolError("There is no agent with the role \(role): \(error)")
        }
    }

    /// Whether what these tasks have brought may come from outside.
    func isTainted(_ tasks: [Int64]) async throws -> Bool {
        try await context.pool.call("select agentcorp.is_tainted($1)", [tasks]).rows[0].bool(0)
    }
}
