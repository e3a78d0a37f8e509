/// What a task of a plan does.
public enum PlanVerb: Sendable {
    /// A model's turns, with tools, until it answers. Several choices: one task for each, and an array of their answers.
    case agent([AgentChoice], prompt: TemplateValue)
    /// One call of a tool, without a model.
    case tool(String, args: TemplateValue)
    /// A task of a kind that has a handler.
    case kind(String, args: TemplateValue)
    /// Another plan, with its input; nil passes on the input of this one.
    case plan(PlanSource, input: TemplateValue?)
    case vote(PlanVote)
    case approve(PlanApproval)
    case wait(PlanWait)
    case emit(topic: Template, data: TemplateValue, key: Template?)

    /// The word in the document.
    public var word: String {
        switch self {
        case .agent: "agent"
        case .tool: "tool"
        case .kind: "kind"
        case .plan: "plan"
        case .vote: "vote"
        case .approve: "approve"
        case .wait: "wait"
        case .emit: "emit"
        }
    }
}

/// Which agent is meant.
public enum AgentChoice: Sendable, Hashable {
    case named(String)
    /// Whoever has the role and all of the skills, chosen when the task starts.
    case role(String, skills: [String], pick: AgentPick)

    public var isByRole: Bool {
        if case .role = self { true } else { false }
    }
}

public enum AgentPick: String, Sendable, Hashable, CaseIterable {
    case leastBusy = "least_busy"
    case cheapest
    /// A model reads the task and the descriptions of the candidates.
    case model
}

/// A plan inside another.
public indirect enum PlanSource: Sendable {
    /// The one that was loaded under that name.
    case named(String)
    case inline(Plan)
}

/// Parks the task until an event, or for a time.
public struct PlanWait: Sendable {
    /// Nil: only the time counts.
    public var topic: Template?
    /// The event of that key, whenever it comes or came; nil: the next one of the topic.
    public var key: Template?
    /// Events for which it does not hold do not count; `event` is its data.
    public var condition: Expression?
    /// The time to wait. With a topic, the task fails when it is over without an event.
    public var duration: Duration?
    /// The moment until which to wait, a string as 2030-01-31T12:00:00Z.
    public var moment: Template?

    public init() {}
}

/// Asks a person.
public struct PlanApproval: Sendable {
    public static let decisions = ["approve", "edit", "reject", "respond"]

    public var title: Template
    /// What is shown, and what `edit` changes; nil: only the title.
    public var value: TemplateValue?
    /// Who may decide: names that `decided_by` must be one of; empty: anybody.
    public var approvers: [String] = []
    public var decisions: [String] = ["approve", "reject"]
    public var expires: Duration?
    /// What counts as decided when the time is over; nil: the task fails.
    public var fallback: String?

    public init(title: Template) {
        self.title = title
    }
}

/// When a plan starts by itself.
public enum PlanTrigger: Sendable {
    case topic(pattern: String, condition: Expression?, key: Template?, debounce: Duration?)
    case cron(String, timezone: String?)
    /// `POST` to a path of that name, signed with the secret that an environment variable holds.
    case webhook(String, secretVariable: String)
}
