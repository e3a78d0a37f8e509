public import JSON

/// A tree of tasks that belong together, as a document describes it.
public struct Plan: Sendable {
    /// Nil for a plan that stands inside another, or that an agent made.
    public let name: String?
    public let summary: String?
    /// What the input must look like; nil: anything.
    public let input: JSONSchema?
    /// `{"usd", "tokens", "turns", "time"}`, for all tasks together.
    public let budget: JSONValue?
    /// What calls of tools without a model may touch: `context_settings` as an agent has them.
    public let contextSettings: JSONValue?
    public let triggers: [PlanTrigger]
    /// Each after those that it needs.
    public let tasks: [PlanTask]
    /// What the plan returns; nil: an object of what each of its tasks returns.
    public let output: Expression?
    /// The document itself.
    public let document: JSONValue
    private let places: [String: Int]

    public init(
        name: String? = nil, summary: String? = nil, input: JSONSchema? = nil, budget: JSONValue? = nil,
        contextSettings: JSONValue? = nil, triggers: [PlanTrigger] = [], tasks: [PlanTask], output: Expression? = nil,
        document: JSONValue
    ) {
        self.name = name
        self.summary = summary
        self.input = input
        self.budget = budget
        self.contextSettings = contextSettings
        self.triggers = triggers
        self.tasks = tasks
        self.output = output
        self.document = document
        places = Dictionary(tasks.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    public subscript(id: String) -> PlanTask? { places[id].map { tasks[$0] } }
}
