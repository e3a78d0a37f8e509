internal import Agents
internal import JSON
internal import Plans
internal import Queue
internal import Worker

/// Who is to be given a task, of those that have a role.
struct AgentRouting: Sendable {
    /// The name of the subtask in which a model chooses.
    static let chooser = "choose"

    enum Decision: Sendable {
        case agent(String)
        /// A model is to choose: with this subtask.
        case ask(JSONValue)
        /// All that there are have been tried.
        case nobody
    }

    /// What is recorded of a decision.
    private struct Choice: Codable {
        let role: String
        let skills: [String]
        let pick: String
        let besides: [String]
        let agent: String?
        var rationale: String?
    }

    let role: String
    let skills: [String]
    let pick: AgentPick
    /// Those that have been tried.
    let besides: [String]
    /// The model that was asked, and what it said.
    let chooser: PlanLink.Child?

    /// Nil for an agent by name, of whom there is no choice.
    init?(_ choice: AgentChoice, besides: [String], chooser: PlanLink.Child?) {
        guard case .role(let role, let skills, let pick) = choice else { return nil }
        self.role = role
        self.skills = skills
        self.pick = pick
        self.besides = besides
        self.chooser = chooser
    }

    func next(_ node: PlanNode, _ context: TaskContext) async throws -> Decision {
        let pool = AgentPool(context.pool)
        if pick == .model, besides.isEmpty, chooser == nil, let task = try await question(node, pool, context) {
            return .ask(task)
        }
        let choice = try await context.step("route \(besides.count + 1)") {
            if let name = chooser?.output?["agent"]?.string, !besides.contains(name) {
                return record(name, rationale: chooser?.output?["rationale"]?.string)
            }
            return record(
                try await pool.pick(
                    role: role, skills: skills, by: pick == .cheapest ? .cheapest : .leastBusy, besides: besides))
        }
        return choice.agent.map { .agent($0) } ?? .nobody
    }

    private func record(_ agent: String?, rationale: String? = nil) -> Choice {
        Choice(role: role, skills: skills, pick: pick.rawValue, besides: besides, agent: agent, rationale: rationale)
    }

    /// Nil where there is nothing to choose.
    private func question(_ node: PlanNode, _ pool: AgentPool, _ context: TaskContext) async throws -> JSONValue? {
        let candidates = try await pool.list().filter { $0.role == role && Set(skills).isSubset(of: $0.skills) }
        guard candidates.count > 1,
            let asked = try await pool.pick(role: role, skills: skills, by: .cheapest, besides: [])
        else { return nil }
        guard case .agent(_, let prompt) = node.task.verb else { return nil }
        var wish = ScopeWish()
        wish.add(prompt)
        let task = try prompt.result(in: try await node.scope(wish, context).values)
        let lines = candidates.map { agent in
            "- \(agent.name): \(agent.description ?? "no description"); skills: \(agent.skills.joined(separator: ", "))"
        }
        let names = candidates.map { JSONValue.string($0.name) }
        return .object([
            "name": .string(Self.chooser), "kind": "agent", "on_error": "skip",
            "args": .object([
                "agent": .string(asked), "tools": .array([]),
                "prompt": .string(
                    """
                    Choose who is to do a task. Do not do it yourself.

                    Candidates:
                    \(lines.joined(separator: "\n"))

                    The task, which is for the one you choose and not for you:
                    <task>
                    \(task.string ?? task.text)
                    </task>
                    """),
                "schema": .object([
                    "type": "object", "additionalProperties": false, "required": ["agent", "rationale"],
                    "properties": .object([
                        "agent": .object(["enum": .array(names)]), "rationale": .object(["type": "string"]),
                    ]),
                ]),
            ]),
        ])
    }
}
