public import JSON

/// Collects the tasks of a plan that is written in Swift.
@resultBuilder
public enum PlanBuilder {
    public static func buildExpression(_ element: any PlanElement) -> [any PlanElement] { [element] }
    public static func buildBlock(_ parts: [any PlanElement]...) -> [any PlanElement] { parts.flatMap { $0 } }
    public static func buildOptional(_ part: [any PlanElement]?) -> [any PlanElement] { part ?? [] }
    public static func buildEither(first part: [any PlanElement]) -> [any PlanElement] { part }
    public static func buildEither(second part: [any PlanElement]) -> [any PlanElement] { part }
    public static func buildArray(_ parts: [[any PlanElement]]) -> [any PlanElement] { parts.flatMap { $0 } }
}

extension Plan {
    /// A plan that is written in Swift: the same as the document with these tasks.
    ///
    ///     let plan = try Plan("notes", returns: "notes") {
    ///         ToolTask("log", "git.log", args: ["since": "{{ input.tag }}"])
    ///         AgentTask("notes", "writer", prompt: "Write release notes of:\n{{ log }}").needs("log")
    ///     }
    ///
    /// Throws all that is wrong with it; what it names is checked when it is loaded.
    ///
    /// - Parameters:
    ///   - context: `context_settings` of the tools that are called without a model.
    ///   - triggers: What starts it by itself, each as the document has it: `["cron": "@daily"]`.
    ///   - output: An expression; nil: an object of what each task returns.
    public init(
        _ name: String? = nil, description: String? = nil, input: JSONSchema? = nil, budget: JSONValue? = nil,
        context: JSONValue? = nil, on triggers: [JSONValue] = [], returns output: String? = nil,
        @PlanBuilder tasks: () -> [any PlanElement]
    ) throws(PlanError) {
        let tasks = tasks()
        var document = Self.document(tasks)
        document["plan"] = name.map { .string($0) }
        document["description"] = description.map { .string($0) }
        document["input"] = input?.value
        document["budget"] = budget
        document["context_settings"] = context
        document["on"] = triggers.isEmpty ? nil : .array(triggers)
        document["output"] = output.map { .string($0) }
        var known: Set<String> = []
        if let twice = tasks.first(where: { !known.insert($0.id).inserted }) {
            throw PlanError([
                PlanIssue(
                    pointer: "/tasks", message: "there are two tasks \"\(twice.id)\"",
                    advice: "Give each an id of its own.")
            ])
        }
        self = try PlanReader.plan(from: .object(document))
    }

    static func document(_ tasks: [any PlanElement]) -> [String: JSONValue] {
        ["tasks": .object(Dictionary(tasks.map { ($0.id, .object($0.fields)) }) { first, _ in first })]
    }
}
