internal import Documents
public import JSON

/// An agent's work.
public struct AgentTask: PlanElement {
    public let id: String
    public var fields: [String: JSONValue]

    /// - Parameter agents: The name of one; several do it each, and the output is the array of their answers.
    public init(_ id: String, _ agents: String..., prompt: String) {
        self.init(id, agents.map { .named($0) }, prompt: prompt)
    }

    /// Whoever has the role and the skills.
    public init(
        _ id: String, role: String, skills: [String] = [], pick: AgentPick = .leastBusy, prompt: String
    ) {
        self.init(id, [.role(role, skills: skills, pick: pick)], prompt: prompt)
    }

    public init(_ id: String, _ choices: [AgentChoice], prompt: String) {
        self.id = id
        let agents = choices.map(\.json)
        fields = ["agent": agents.count == 1 ? agents[0] : .array(agents), "prompt": .string(prompt)]
    }

    /// What the answer must look like.
    public func schema(_ schema: JSONSchema, repairs: Int? = nil) -> Self {
        setting("schema", schema.value).setting("repairs", repairs.map { .integer(Int64($0)) })
    }

    /// Those of its tools that it may use here.
    public func tools(_ names: String...) -> Self { setting("tools", .array(names.map { .string($0) })) }

    /// It may have others do parts of it.
    public func delegates(to agents: String..., maxTasks: Int? = nil, maxDepth: Int? = nil) -> Self {
        var members: [String: JSONValue] = ["agents": .array(agents.map { .string($0) })]
        members["max_tasks"] = maxTasks.map { .integer(Int64($0)) }
        members["max_depth"] = maxDepth.map { .integer(Int64($0)) }
        return setting("delegate", .object(members))
    }
}

/// One call of a tool, without a model.
public struct ToolTask: PlanElement {
    public let id: String
    public var fields: [String: JSONValue]

    public init(_ id: String, _ tool: String, args: JSONValue = [:]) {
        self.id = id
        fields = ["tool": .string(tool), "args": args]
    }
}

/// A task of any kind that a worker has.
public struct KindTask: PlanElement {
    public let id: String
    public var fields: [String: JSONValue]

    public init(_ id: String, _ kind: String, args: JSONValue = [:]) {
        self.id = id
        fields = ["kind": .string(kind), "args": args]
    }
}

/// Another plan.
public struct SubplanTask: PlanElement {
    public let id: String
    public var fields: [String: JSONValue]

    /// The one that is loaded under a name.
    ///
    /// - Parameter input: Nil passes on the input of this one.
    public init(_ id: String, _ name: String, with input: JSONValue? = nil) {
        self.id = id
        fields = ["plan": .string(name)]
        fields["with"] = input
    }

    /// One that stands inside this one.
    public init(
        _ id: String, with input: JSONValue? = nil, returns output: String? = nil,
        @PlanBuilder tasks: () -> [any PlanElement]
    ) {
        self.id = id
        var plan = Plan.document(tasks())
        plan["output"] = output.map { .string($0) }
        fields = ["plan": .object(plan)]
        fields["with"] = input
    }
}

/// A vote of agents.
public struct VoteTask: PlanElement {
    public let id: String
    public var fields: [String: JSONValue]

    /// - Parameters:
    ///   - options: An array, or an expression for one: `"{{ proposals }}"`.
    ///   - voters: Names, or objects with `agent` and `weight`.
    ///   - rule: As `majority`; what goes with it is set by `setting`.
    public init(_ id: String, options: JSONValue, voters: [JSONValue], rule: String, question: String? = nil) {
        self.id = id
        var vote: [String: JSONValue] = ["options": options, "voters": .array(voters), "rule": .string(rule)]
        vote["question"] = question.map { .string($0) }
        fields = ["vote": .object(vote)]
    }

    /// The same with another field of `vote`: `.vote("quorum", 3)`.
    public func vote(_ name: String, _ value: JSONValue) -> Self {
        var vote = fields["vote"]?.members ?? [:]
        vote[name] = value
        return setting("vote", .object(vote))
    }
}

/// A person's decision.
public struct ApproveTask: PlanElement {
    public let id: String
    public var fields: [String: JSONValue]

    /// - Parameters:
    ///   - decisions: Some of `PlanApproval.decisions`; nil: to approve or to reject.
    ///   - fallback: What counts as decided when the time is over; nil: the task fails.
    public init(
        _ id: String, _ title: String, value: JSONValue? = nil, by approvers: [String] = [],
        decisions: [String]? = nil, expires: Duration? = nil, default fallback: String? = nil
    ) {
        self.id = id
        var approve: [String: JSONValue] = ["title": .string(title)]
        approve["value"] = value
        if !approvers.isEmpty { approve["approvers"] = .array(approvers.map { .string($0) }) }
        approve["decisions"] = decisions.map { .array($0.map { .string($0) }) }
        approve["expires"] = expires.map { .string(DurationText.text($0)) }
        approve["default"] = fallback.map { .string($0) }
        fields = ["approve": .object(approve)]
    }
}

/// Waits for an event, for a time, or until a moment.
public struct WaitTask: PlanElement {
    public let id: String
    public var fields: [String: JSONValue]

    public init(_ id: String, for duration: Duration) {
        self.id = id
        fields = ["wait": ["for": .string(DurationText.text(duration))]]
    }

    /// - Parameter moment: As `2030-01-31T12:00:00Z`, or an expression for one in braces.
    public init(_ id: String, until moment: String) {
        self.id = id
        fields = ["wait": ["until": .string(moment)]]
    }

    /// - Parameters:
    ///   - condition: An expression; `event` is the event's data.
    ///   - duration: How long; the task fails then.
    public init(
        _ id: String, topic: String, key: String? = nil, where condition: String? = nil, for duration: Duration? = nil
    ) {
        self.id = id
        var wait: [String: JSONValue] = ["topic": .string(topic)]
        wait["key"] = key.map { .string($0) }
        wait["where"] = condition.map { .string($0) }
        wait["for"] = duration.map { .string(DurationText.text($0)) }
        fields = ["wait": .object(wait)]
    }
}

/// Publishes an event.
public struct EmitTask: PlanElement {
    public let id: String
    public var fields: [String: JSONValue]

    public init(_ id: String, topic: String, data: JSONValue = nil, key: String? = nil) {
        self.id = id
        var emit: [String: JSONValue] = ["topic": .string(topic), "data": data]
        emit["key"] = key.map { .string($0) }
        fields = ["emit": .object(emit)]
    }
}

extension AgentChoice {
    fileprivate var json: JSONValue {
        switch self {
        case .named(let name): return .string(name)
        case .role(let role, let skills, let pick):
            var members: [String: JSONValue] = ["role": .string(role)]
            if !skills.isEmpty { members["skills"] = .array(skills.map { .string($0) }) }
            if pick != .leastBusy { members["pick"] = .string(pick.rawValue) }
            return .object(members)
        }
    }
}
