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
        guard case .object(let fields)? = try? JSONValue(parsing: json) else {
            throw Self.mistake("must be a JSON object with agent and prompt")
        }
        for name in fields.keys.sorted() where !Self.fields.contains(name) {
            let hint =
                Spelling.nearest(to: name, in: Self.fields).map { "did you mean \"\($0)\"?" }
                ?? "it takes \(Self.fields.joined(separator: ", "))"
            throw Self.mistake("have no field \"\(name)\"; \(hint)")
        }
        guard let agent = fields["agent"]?.string, !agent.isEmpty else {
            throw Self.mistake("need \"agent\", the name of an agent in the pool (see: agentcorp agents list)")
        }
        self.agent = agent
        prompt = try Self.prompt(fields["prompt"])
        session = try Self.string(fields["session"], "session")
        tools = try Self.names(fields["tools"], "tools")
        handoffs = try Self.names(fields["handoffs"], "handoffs") ?? []
        schema = try fields["schema"].flatMap { value -> JSONSchema? in
            guard value != .null else { return nil }
            do { return try JSONSchema(value) } catch { throw Self.mistake("have a \"schema\" that is none: \(error)") }
        }
        repairs = try Self.integer(fields["repairs"], "repairs", in: 0...10) ?? 2
        fork = try fields["fork"].map { value in
            guard case .integer(let task)? = value["task"], case .integer(let turn)? = value["turn"],
                let turn = Int(exactly: turn)
            else { throw Self.mistake("need \"fork\" to be {\"task\", \"turn\"}") }
            return Fork(task: task, turn: turn, message: value["message"]?.string)
        }
        maxTurns = try Self.integer(fields["max_turns"], "max_turns", in: 1...10_000)
        delegation = try fields["delegate"].flatMap { try Self.delegation($0) }
        budget = try fields["budget"].flatMap { value in
            guard value != .null else { return nil }
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

    private static func delegation(_ value: JSONValue) throws -> PlanDelegation? {
        guard value != .null else { return nil }
        let known = ["agents", "max_tasks", "max_depth"]
        guard case .object(let fields) = value, fields.keys.allSatisfy(known.contains),
            let agents = try names(fields["agents"], "delegate/agents"), !agents.isEmpty
        else {
            throw mistake("need \"delegate\" to be {\"agents\": [\"NAME\"], \"max_tasks\": 12, \"max_depth\": 2}")
        }
        return PlanDelegation(
            agents: agents, maxTasks: try integer(fields["max_tasks"], "delegate/max_tasks", in: 1...1000) ?? 20,
            maxDepth: try integer(fields["max_depth"], "delegate/max_depth", in: 1...8) ?? 1)
    }

    private static func names(_ value: JSONValue?, _ field: String) throws -> [String]? {
        guard let value, value != .null else { return nil }
        guard case .array(let names) = value, names.allSatisfy({ $0.string != nil }) else {
            throw mistake("need \"\(field)\" to be an array of names")
        }
        return names.compactMap(\.string)
    }

    private static func string(_ value: JSONValue?, _ field: String) throws -> String? {
        guard let value, value != .null else { return nil }
        guard let text = value.string else { throw mistake("need \"\(field)\" to be a string") }
        return text
    }

    private static func integer(_ value: JSONValue?, _ field: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let value, value != .null else { return nil }
        guard case .integer(let number) = value, let number = Int(exactly: number), range.contains(number) else {
            throw mistake("need \"\(field)\" to be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static func mistake(_ what: String) -> PermanentFailure {
        PermanentFailure("the arguments of an agent's task \(what)", reason: "arguments")
    }
}
