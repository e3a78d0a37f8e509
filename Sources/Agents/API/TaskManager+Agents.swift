internal import FoundationEssentials
public import JSON
internal import Postgres
public import Queue

/// Asking agents, and looking at what they do.
extension TaskManager {
    /// Gives an agent of the pool a task; returns its id.
    ///
    /// - Parameters:
    ///   - session: The name of a conversation to go on with; its tasks run one after the other.
    ///   - budget: Instead of the agent's own.
    ///   - schema: What the answer must look like; the output is that value then.
    ///   - tools: Some of the agent's tools.
    ///   - maxTurns: Answers of models at most; with fewer than the agent's own, the last one is forced.
    /// - Throws: `QueueError` with code `unknownTask` for an agent that is not in the pool.
    @discardableResult
    public func ask(
        _ agent: String, _ prompt: String, session: String? = nil, schema: JSONSchema? = nil, tools: [String]? = nil,
        budget: AgentBudget? = nil, maxTurns: Int? = nil, queue: String = "default"
    ) async throws -> Int64 {
        var more: [String: JSONValue] = [:]
        more["schema"] = schema?.value
        more["tools"] = tools.map { .array($0.map { .string($0) }) }
        more["budget"] = budget?.json
        more["max_turns"] = maxTurns.map { .integer(Int64($0)) }
        let result = try await database.call(
            "select agentcorp.ask($1, $2, session => $3, queue => $4, more => $5)",
            [agent, prompt, session, queue, PostgresJSON(JSONValue.object(more).bytes)])
        return try result.rows[0].int64(0)
    }

    /// The original framework's word: a task in words, for an agent.
    @discardableResult
    public func addTask(_ description: String, agent: String) async throws -> Int64 {
        try await ask(agent, description)
    }

    /// What an agent has done in a task, from a turn on; nil when none has begun.
    public func agentProgress(of task: Int64, since turn: Int = 0) async throws -> AgentProgress? {
        let result = try await database.call("select agentcorp.run_progress($1, $2)", [task, Int32(clamping: turn)])
        return try result.rows[0].bytesOrNil(0).map { try JSONCoding.decode($0) }
    }

    /// Waits until a task has ended, and returns its output.
    ///
    /// - Throws: `TaskFailure` when it did not complete, and `CancellationError`; the task goes on then.
    public func output(ofEnded task: Int64, every interval: Duration = .milliseconds(100)) async throws -> JSONValue {
        while true {
            let standing = try await standing(of: task)
            switch standing.state {
            case .completed: return standing.output ?? .null
            case .failed, .cancelled, .skipped:
                throw standing.error ?? TaskFailure("task \(task) was \(standing.state.rawValue)")
            default: try await Task.sleep(for: interval)
            }
        }
    }
}
