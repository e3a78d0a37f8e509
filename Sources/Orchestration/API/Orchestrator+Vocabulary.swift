public import Agents
internal import JSON
public import Plans
internal import Postgres
internal import Providers
internal import Queue

extension Orchestrator {
    /// What plans may name here: agents, plans and queues. Which tools and kinds there are, only the workers know.
    public func vocabulary() async throws -> PlanVocabulary {
        let agents: [StoredAgent] = try await manager.database.json(
            """
            select coalesce(jsonb_agg(jsonb_build_object('name', v.name, 'price', v.price, 'config', v.config)), '[]')
            from agentcorp.agent_versions v where v.is_current
            """)
        var known: [String: PlanVocabulary.Agent] = [:]
        for agent in agents {
            known[agent.name] = PlanVocabulary.Agent(
                try AgentConfig(agent.config, name: agent.name), price: agent.price)
        }
        return PlanVocabulary(
            agents: known, plans: try await documents(), queues: Set(try await manager.queues().map(\.name)))
    }

    private struct StoredAgent: Decodable {
        let name: String
        let price: Double?
        let config: JSONValue
    }
}

extension PlanVocabulary.Agent {
    /// - Parameter price: USD for a million tokens; nil: unknown.
    public init(_ config: AgentConfig, price: Double? = nil) {
        let turns = [config.maxTurns, config.budget?.turns].compactMap(\.self).min()
        self.init(
            role: config.role, skills: Set(config.skills), tools: config.tools, mcpServers: Set(config.mcpServers),
            price: price, maxTurns: turns, budget: config.budget?.usd.map { Double($0.nanodollars) / 1e9 },
            output: config.outputJSONSchema)
    }
}
