public import JSON

/// Who an agent is: its model, its instructions, its tools, and what it may use.
///
/// It is read from a JSON or YAML file, and stored complete, with its prompt, as a version of the agent in the pool.
public struct AgentConfig: Sendable, Hashable {
    /// Unique in the pool: 1 to 100 characters without `* / : "`.
    public var name: String
    public var description: String?
    /// The one to ask, then those to ask when it cannot answer.
    public var models: [ModelReference]
    /// What the model is told first; nil: nothing.
    public var systemPrompt: String?
    /// Where the prompt comes from; nil when it was given as text, or comes from the pool.
    public var promptFile: PromptReference?
    /// The tools that it may call, by name.
    public var tools: [String]
    /// MCP servers all of whose tools it may call, by name.
    public var mcpServers: [String]
    /// The object from which `ToolExecutionContext` is read.
    public var contextSettings: JSONValue
    public var role: String?
    public var skills: [String]
    /// How many of its tasks run at once, in the whole fleet; nil: any number.
    public var maxConcurrency: Int?
    /// Of each of its tasks.
    public var budget: AgentBudget?
    public var memory: AgentMemory
    /// Answers of models in a task.
    public var maxTurns: Int?
    public var temperature: Double?
    public var maxOutputTokens: Int?
    /// What its answers must look like, unless the task says something else.
    public var outputJSONSchema: JSONSchema?
    public var ambiguous: AmbiguousPolicy
    public var onLoop: LoopPolicy
    public var approvals: ApprovalPolicy
    /// Agents that it may hand its task over to.
    public var handoffs: [String]

    public init(
        name: String, description: String? = nil, models: [ModelReference], systemPrompt: String? = nil,
        promptFile: PromptReference? = nil, tools: [String] = [], mcpServers: [String] = [],
        contextSettings: JSONValue = [:], role: String? = nil, skills: [String] = [], maxConcurrency: Int? = nil,
        budget: AgentBudget? = nil, memory: AgentMemory = .standard, maxTurns: Int? = nil, temperature: Double? = nil,
        maxOutputTokens: Int? = nil, outputJSONSchema: JSONSchema? = nil, ambiguous: AmbiguousPolicy = .verify,
        onLoop: LoopPolicy = LoopPolicy(), approvals: ApprovalPolicy = ApprovalPolicy(), handoffs: [String] = []
    ) {
        self.name = name
        self.description = description
        self.models = models
        self.systemPrompt = systemPrompt
        self.promptFile = promptFile
        self.tools = tools
        self.mcpServers = mcpServers
        self.contextSettings = contextSettings
        self.role = role
        self.skills = skills
        self.maxConcurrency = maxConcurrency
        self.budget = budget
        self.memory = memory
        self.maxTurns = maxTurns
        self.temperature = temperature
        self.maxOutputTokens = maxOutputTokens
        self.outputJSONSchema = outputJSONSchema
        self.ambiguous = ambiguous
        self.onLoop = onLoop
        self.approvals = approvals
        self.handoffs = handoffs
    }
}
