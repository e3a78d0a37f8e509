/// What a plan may do that does not come from a person: one that an agent makes.
public struct PlanRestriction: Sendable, Hashable {
    /// Who may be given work; nil: anybody.
    public var agents: Set<String>?
    /// How many tasks there may be, at the most that can come.
    public var maxTasks: Int
    /// How deep its agents may delegate; 0: not at all.
    public var maxDepth: Int
    public var verbs: Set<String>
    /// Whether tasks may say which queue they wait in, how urgent they are, and what they may not run beside.
    public var allowsPlacement: Bool

    public init(
        agents: Set<String>? = nil, maxTasks: Int = 20, maxDepth: Int = 0,
        verbs: Set<String> = ["agent", "plan", "vote"], allowsPlacement: Bool = false
    ) {
        self.agents = agents
        self.maxTasks = maxTasks
        self.maxDepth = maxDepth
        self.verbs = verbs
        self.allowsPlacement = allowsPlacement
    }
}
