public import JSON
public import Plans
internal import Postgres
internal import Queue

/// Work for agents that needs no plan of its own.
extension Orchestrator {
    /// Gives the same task to some agents, each a name or whoever has a role; returns the task to wait for.
    ///
    ///     let run = try await orchestrator.assign("Review this: ...", to: .named("ann"), .role("reviewer", skills: [], pick: .leastBusy))
    ///     let answers = try await orchestrator.result(of: run)
    ///
    /// Of one agent the result is its answer; of several it is the array of their answers, in their order. More than that
    /// (some answers are enough, another agent when one fails, a vote on them) is a plan.
    ///
    /// - Parameters:
    ///   - prompt: As it is to be told: nothing in it is taken for an expression.
    ///   - schema: What the answers must look like.
    ///   - budget: `{"usd", "tokens", "turns", "time"}`, for all of them together.
    public func assign(
        _ prompt: String, to agents: AgentChoice..., schema: JSONSchema? = nil, budget: JSONValue? = nil,
        queue: String = "default", priority: Int = 4
    ) async throws -> Int64 {
        let choices = agents.map(\.json)
        var work: [String: JSONValue] = [
            "agent": choices.count == 1 ? choices[0] : .array(choices), "prompt": "{{ input.prompt }}",
        ]
        work["schema"] = schema?.value
        var document: [String: JSONValue] = ["tasks": ["work": .object(work)], "output": "work"]
        document["budget"] = budget
        return try await run(fragment: .object(document), input: ["prompt": .string(prompt)], queue, priority)
    }

    /// Starts a run of a plan that has no name.
    private func run(fragment: JSONValue, input: JSONValue, _ queue: String, _ priority: Int) async throws -> Int64 {
        do {
            _ = try PlanReader.plan(from: fragment)
        } catch {
            throw QueueError(.invalidValue, "\(error)")
        }
        let stored = try await manager.database.call("select agentcorp.put_fragment($1)", [fragment.postgres])
        let version = try stored.rows[0].int64(0)
        var request = TaskRequest(
            "plan", args: JSONValue.object(["fragment": .integer(version), "input": input]).postgres)
        request.queue = queue
        request.priority = priority
        return try await manager.enqueue(request)
    }
}
