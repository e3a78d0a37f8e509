public import JSON

/// What plans may name. Nil: it is not known what there is, and nothing of that kind is checked.
public struct PlanVocabulary: Sendable {
    public struct Agent: Sendable {
        public var role: String?
        public var skills: Set<String>
        /// Names of tools, also with `*` at the end; nil: not known.
        public var tools: [String]?
        /// All of whose tools it may call.
        public var mcpServers: Set<String>
        /// USD for a million tokens, input and output blended; nil: unknown.
        public var price: Double?
        /// How often its model may answer in a task.
        public var maxTurns: Int?
        /// USD that a task of it may spend.
        public var budget: Double?
        /// What its answers look like, unless the task says something else; nil: text.
        public var output: JSONSchema?

        public init(
            role: String? = nil, skills: Set<String> = [], tools: [String]? = nil, mcpServers: Set<String> = [],
            price: Double? = nil, maxTurns: Int? = nil, budget: Double? = nil, output: JSONSchema? = nil
        ) {
            self.role = role
            self.skills = skills
            self.tools = tools
            self.mcpServers = mcpServers
            self.price = price
            self.maxTurns = maxTurns
            self.budget = budget
            self.output = output
        }
    }

    /// The turns of an agent that says nothing of them.
    public static let usualTurns = 50

    public var agents: [String: Agent]?
    public var tools: Set<String>?
    /// Of whose tools only they themselves know the names.
    public var mcpServers: Set<String>
    public var kinds: Set<String>?
    /// The documents by their names.
    public var plans: [String: JSONValue]?
    /// There may be plans besides those.
    public var hasOtherPlans = false
    public var queues: Set<String>?

    public init(
        agents: [String: Agent]? = nil, tools: Set<String>? = nil, mcpServers: Set<String> = [],
        kinds: Set<String>? = nil, plans: [String: JSONValue]? = nil, queues: Set<String>? = nil
    ) {
        self.agents = agents
        self.tools = tools
        self.mcpServers = mcpServers
        self.kinds = kinds
        self.plans = plans
        self.queues = queues
    }

    /// The agents that a choice may lead to; nil: not known.
    func candidates(_ choice: AgentChoice) -> [String: Agent]? {
        guard let agents else { return nil }
        switch choice {
        case .named(let name): return agents[name].map { [name: $0] } ?? [:]
        case .role(let role, let skills, _):
            return agents.filter { $0.value.role == role && $0.value.skills.isSuperset(of: skills) }
        }
    }
}
