public import JSON

/// A task of a plan: one verb, and what modifies it.
public struct PlanTask: Sendable {
    public let id: String
    public var verb: PlanVerb
    public var summary: String?
    /// Ids of other tasks of the plan.
    public var needs: [String] = []
    public var join: PlanJoin = .all
    /// Skipped when it does not hold.
    public var when: Expression?
    public var each: PlanFanOut?
    public var loop: PlanLoop?
    /// What an agent's answer must look like.
    public var schema: JSONSchema?
    /// How often a model is told what is wrong with its answer.
    public var repairs: Int?
    public var retry: PlanRetry?
    public var timeout: Duration?
    /// `{"usd", "tokens", "turns", "time"}`
    public var budget: JSONValue?
    public var onError: PlanErrorRule = .fail
    /// Some of the agent's tools; nil: all of them.
    public var tools: [String]?
    public var delegate: PlanDelegation?
    public var queue: String?
    /// 0 (most urgent) to 9
    public var priority: Int?
    /// The concurrency key.
    public var key: Template?
    /// The task whose failure this one handles: it runs only then.
    public var handles: String?

    public init(id: String, verb: PlanVerb) {
        self.id = id
        self.verb = verb
    }
}

/// How the ends of several needed tasks combine. Over one need that fans out, its items are counted.
public enum PlanJoin: Sendable, Hashable {
    case all
    /// One is enough; the others are cancelled then.
    case any
    case quorum(Int)
    /// All must end, however.
    case settled
}

/// A task for each element of an array.
public struct PlanFanOut: Sendable {
    public static let most = 1000

    public let items: Expression
    /// More items than these fail the task.
    public let maximum: Int
    /// How many run at once; nil: all.
    public let parallel: Int?

    public init(items: Expression, maximum: Int = most, parallel: Int? = nil) {
        self.items = items
        self.maximum = maximum
        self.parallel = parallel
    }
}

/// Again and again until something holds, at most so often.
public struct PlanLoop: Sendable {
    /// The most rounds that a loop may have.
    public static let most = 1000

    /// Nil: always the maximum.
    public let until: Expression?
    public let maximum: Int

    public init(until: Expression?, maximum: Int) {
        self.until = until
        self.maximum = maximum
    }
}

public struct PlanRetry: Sendable, Hashable {
    /// How often it is tried again after it has failed.
    public let maximum: Int
    /// As the queue has it: `1s..60s`; nil: its default.
    public let backoff: String?
    /// Each time with another agent of the role.
    public let isElsewhere: Bool

    public init(maximum: Int, backoff: String? = nil, isElsewhere: Bool = false) {
        self.maximum = maximum
        self.backoff = backoff
        self.isElsewhere = isElsewhere
    }
}

/// What the final failure of a task means.
public enum PlanErrorRule: Sendable, Hashable {
    /// Those who need it are cancelled.
    case fail
    /// It counts as met, with null.
    case skip
    /// It counts as met, with this value.
    case value(JSONValue)
    /// Another task runs, and takes its place. With `fails` the failure stands nonetheless: to clean up, to compensate.
    case run(String, fails: Bool)
}

/// What an agent may have others do: it adds tasks, as a plan of its own.
public struct PlanDelegation: Sendable, Hashable {
    /// Names of the agents that its tasks may be given to.
    public let agents: [String]
    public let maxTasks: Int
    /// How deep delegates may delegate; 1: they may not.
    public let maxDepth: Int

    public init(agents: [String], maxTasks: Int = 20, maxDepth: Int = 1) {
        self.agents = agents
        self.maxTasks = maxTasks
        self.maxDepth = maxDepth
    }
}
