internal import JSON
internal import Plans
internal import Postgres
internal import Providers
internal import Queue
internal import Worker

/// The arguments of a task of kind `agent`.
struct AgentArguments: Sendable {
    static let fields = [
        "agent", "prompt", "session", "tools", "schema", "repairs", "budget", "max_turns", "delegate", "handoffs",
        "fork",
    ]

    /// The name in the pool.
    let agent: String
    let prompt: [ContentPart]
    /// The conversation that it goes on with; nil: one of its own.
    let session: String?
    /// Some of the agent's tools; nil: all of them.
    let tools: [String]?
    /// What the answer must look like; it is JSON then.
    let schema: JSONSchema?
    /// How often the model is told what is wrong with a structured answer.
    let repairs: Int
    let budget: AgentBudget?
    let maxTurns: Int?
    /// What it may have others do; nil: nothing, as a plan.
    let delegation: PlanDelegation?
    /// The agents that had the task before this one, and handed it on.
    let handoffs: [String]
    /// The conversation that it begins with.
    let fork: Fork?

    /// A turn of another task, whose conversation up to there is the beginning of this one.
    struct Fork: Sendable {
        let task: Int64
        let turn: Int
        /// What is said after it.
        let message: String?

        var json: JSONValue { .object(["task": .integer(task), "turn": .integer(Int64(turn))]) }
    }

    /// Throws `PermanentFailure` that names the field.
    init(_ json: [UInt8]) throws {
        guard case .object(let members)? = try? JSONValue(parsing: json) else {
            throw Self.mistake("must be a JSON object with agent and prompt")
        }
        let fields = try Self.reader(members, "", Self.fields)
        guard let agent = members["agent"]?.string, !agent.isEmpty else {
            throw Self.mistake("need \"agent\", the name of an agent in the pool (see: agentcorp agents list)")
        }
        self.agent = agent
        prompt = try Self.prompt(members["prompt"])
        session = try fields.string("session")
        tools = try fields.strings("tools")
        handoffs = try fields.strings("handoffs") ?? []
        schema = try fields.value("schema").map { value in
            do { return try JSONSchema(value) } catch { throw Self.mistake("have a \"schema\" that is none: \(error)") }
        }
        repairs = try fields.integer("repairs", in: 0...10) ?? 2
        fork = try members["fork"].map { value in
            guard case .integer(let task)? = value["task"], case .integer(let turn)? = value["turn"],
                let turn = Int(exactly: turn)
            else { throw Self.mistake("need \"fork\" to be {\"task\", \"turn\"}") }
            return Fork(task: task, turn: turn, message: value["message"]?.string)
        }
        maxTurns = try fields.integer("max_turns", in: 1...10_000)
        delegation = try fields.object("delegate").map { try Self.delegation($0) }
        budget = try fields.value("budget").flatMap { value in
            do { return try AgentBudget(value) } catch {
                throw Self.mistake("have a \"budget\" that is none: \(error)")
            }
        }
    }

    /// What is said to the agent first, as a row keeps it; nil: it goes on with what was said before.
    var promptJSON: JSONValue? {
        get throws {
            if let fork, fork.message == nil { return nil }
            let parts = fork?.message.map { [ContentPart.text($0)] } ?? prompt
            return try JSONValue(parsing: JSONCoding.encode(parts).bytes)
        }
    }

    private static func prompt(_ value: JSONValue?) throws -> [ContentPart] {
        switch value {
        case .string(let text)? where !text.isEmpty: return [.text(text)]
        case .array(let parts)?
        where !parts.isEmpty && !parts.contains { if case .object = $0 { false } else { true } }:
            guard let parts = try? JSONCoding.decode(JSONValue.array(parts).bytes, as: [ContentPart].self) else {
                throw mistake(
                    "need \"prompt\" to be a text or an array of {\"text\"}, {\"image_url\"} or {\"media_type\", \"base64\"}"
                )
            }
            return parts
        case .string?, .array([])?, .null?, nil: throw mistake("need \"prompt\", what the agent is to do")
        // What a plan or a subscription hands over.
        case .some(let other): return [.text(other.text)]
        }
    }

    private static func delegation(_ members: [String: JSONValue]) throws -> PlanDelegation {
        let fields = try reader(members, "delegate/", ["agents", "max_tasks", "max_depth"])
        guard let agents = try fields.strings("agents"), !agents.isEmpty else {
            throw mistake("need \"delegate\" to be {\"agents\": [\"NAME\"], \"max_tasks\": 12, \"max_depth\": 2}")
        }
        return PlanDelegation(
            agents: agents, maxTasks: try fields.integer("max_tasks", in: 1...1000) ?? 20,
            maxDepth: try fields.integer("max_depth", in: 1...8) ?? 1)
    }

    private static func reader(
        _ members: [String: JSONValue], _ prefix: String, _ known: [String]
    ) throws -> JSONFields {
        try JSONFields(members, at: prefix, known: known) { field, what in
            mistake("do not fit: \"\(prefix)\(field)\" \(what)")
        } unknown: { field, meant in
            let hint = meant.map { "did you mean \"\($0)\"?" } ?? "there are \(known.joined(separator: ", "))"
            return mistake("have no field \"\(prefix)\(field)\"; \(hint)")
        }
    }

    private static func mistake(_ what: String) -> PermanentFailure {
        PermanentFailure("the arguments of an agent's task \(what)", reason: "arguments")
    }
}
