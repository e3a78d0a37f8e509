internal import JSON
internal import Providers
internal import Tools

/// How far an agent's task is, as `agentcorp.run_state` tells it. Everything that the loop decides, it decides by this:
/// it has no memory of its own that a crash could lose.
struct RunState: Sendable, Decodable {
    struct Spent: Sendable, Decodable {
        /// Answers of models so far.
        let turns: Int
        /// Of these, the answers from before somebody retried the task: its allowance begins after them.
        let earlier: Int
        /// Tool calls so far.
        let calls: Int
        let tokens: Int
    }

    /// A message of the conversation.
    struct Entry: Sendable, Decodable {
        enum Role: String, Decodable {
            case user, assistant, note, summary
        }

        let seq: Int
        let task: Int64
        /// Of an assistant: the number of its answer in the task. Of a note: the answer that it follows.
        let turn: Int
        let role: Role
        let covers: Int?
        /// Of an assistant: why it stopped.
        let finish: String?
        let content: JSONValue
        let calls: [Call]?

        enum CodingKeys: String, CodingKey {
            case seq, turn, role, covers, finish, content, calls
            case task = "task_id"
        }
    }

    /// A tool call of an answer.
    struct Call: Sendable, Decodable {
        enum State: String, Decodable {
            case planned, approved, started, succeeded, failed, ambiguous, rejected
        }

        let idx: Int
        let key: String
        /// The provider's id of the call.
        let id: String
        let tool: String
        let effect: ToolEffect
        let state: State
        let args: JSONValue?
        /// What a person has put in the place of the arguments.
        let edited: JSONValue?
        let result: CallResult?
    }

    let agent: String
    let version: Int
    let isTainted: Bool
    let spent: Spent
    let messages: [Entry]

    enum CodingKeys: String, CodingKey {
        case agent, version, spent, messages
        case isTainted = "tainted"
    }

    /// The answers of this task, those that a summary covers left out.
    func answers(of task: Int64) -> [Entry] {
        messages.filter { $0.role == .assistant && $0.task == task }
    }

    /// What was said to the model about its answers in this task.
    func notes(of task: Int64) -> [Note] {
        messages.filter { $0.role == .note && $0.task == task }.compactMap(Note.init)
    }
}

/// What the model is told of a tool call.
struct CallResult: Sendable, Codable, Hashable {
    let content: JSONValue
    let isError: Bool

    enum CodingKeys: String, CodingKey {
        case content
        case isError = "is_error"
    }

    /// A string as it stands, anything else as JSON.
    var text: String { content.string ?? content.text }
}

/// What the engine says to a model between its answers.
struct Note: Sendable {
    enum Kind: String {
        /// The answer does not have the form that was asked for.
        case repair
        /// It has to come to an end now.
        case forced
    }

    let kind: Kind
    /// The answer that it follows.
    let turn: Int
    let text: String
    /// Of a forced answer: what it has run into.
    let reason: String?

    init(_ kind: Kind, after turn: Int, _ text: String, reason: String? = nil) {
        self.kind = kind
        self.turn = turn
        self.text = text
        self.reason = reason
    }

    init?(_ entry: RunState.Entry) {
        guard let kind = entry.content["kind"]?.string.flatMap(Kind.init), let text = entry.content["text"]?.string
        else {
            return nil
        }
        self.init(kind, after: entry.turn, text, reason: entry.content["reason"]?.string)
    }

    var json: JSONValue {
        var fields: [String: JSONValue] = ["kind": .string(kind.rawValue), "text": .string(text)]
        fields["reason"] = reason.map { .string($0) }
        return .object(fields)
    }
}
