internal import Documents
public import JSON
public import Providers

/// What a task of an agent may use at most; nil is no limit.
public struct AgentBudget: Sendable, Hashable {
    public var usd: USD?
    /// Input and output together.
    public var tokens: Int64?
    /// Answers of models.
    public var turns: Int?
    /// From when the task began.
    public var time: Duration?

    public init(usd: USD? = nil, tokens: Int64? = nil, turns: Int? = nil, time: Duration? = nil) {
        self.usd = usd
        self.tokens = tokens
        self.turns = turns
        self.time = time
    }
}

extension AgentBudget {
    /// Reads `{"usd", "tokens", "turns", "time"}`; nil when it limits nothing. Throws `AgentConfigError`.
    public init?(_ value: JSONValue) throws(AgentConfigError) {
        let issues = IssueList(file: "")
        let reader = AgentConfigReader(vocabulary: .any, issues: issues, prompts: nil)
        var budget: AgentBudget?
        if var fields = DocumentFields(["budget": value], at: "", issues, advice: "") {
            budget = reader.budget(&fields)
        }
        try issues.throwIfAny()
        guard let budget else { return nil }
        self = budget
    }
}
