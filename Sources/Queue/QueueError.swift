internal import Postgres

/// What went wrong with a task, a queue or the schema: what happened, to what, and what to do.
public struct QueueError: Error, Sendable, CustomStringConvertible {
    /// The kinds of errors; the SQL functions raise most of them under SQLSTATEs of class `AC`.
    public enum Code: String, Sendable {
        /// AC001: no task has that id, or no sibling or schedule that name.
        case unknownTask
        /// AC002: the attempt was ended by somebody else; stop working on it.
        case leaseLost
        /// AC003: a task would come to need itself.
        case cycle
        /// AC004: an open task holds that unique key.
        case keyTaken
        /// AC005: the worker was declared dead, or was never registered.
        case workerDead
        /// AC006: no queue has that name.
        case unknownQueue
        /// AC007: a value is out of range or not understood.
        case invalidValue
        /// AC008: a payload is over the limit.
        case tooLarge
        /// AC009: the task is in a state that does not allow this.
        case wrongState
        /// The database has no AgentCorp schema, or one that this binary cannot work with.
        case schemaMismatch
        /// The server is too old, or a standby that takes no writes.
        case unsuitableServer
        /// The JSON could not be read.
        case malformedJSON
        /// A payload is encrypted with a key that is not known here; elsewhere it may be.
        case missingKey
        /// A payload is encrypted with another key of that name, or was changed.
        case undecryptable
    }

    public let code: Code
    public let message: String
    /// What to do about it; may be empty.
    public let hint: String
    public let sqlState: String?

    public init(_ code: Code, _ message: String, hint: String = "", sqlState: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.sqlState = sqlState
    }

    public var description: String { hint.isEmpty ? message : "\(message). \(hint)" }

    /// The typed error for one that the SQL functions raised; nil for all others.
    init?(_ error: PostgresError) {
        let code: Code
        switch error.sqlState {
        case "AC001": code = .unknownTask
        case "AC002": code = .leaseLost
        case "AC003": code = .cycle
        case "AC004": code = .keyTaken
        case "AC005": code = .workerDead
        case "AC006": code = .unknownQueue
        case "AC007": code = .invalidValue
        case "AC008": code = .tooLarge
        case "AC009": code = .wrongState
        case "3F000", "42883", "42P01":
            self.init(
                .schemaMismatch, "the database has no AgentCorp schema, or an old one: \(error.message)",
                hint: "Run: agentcorp migrate up", sqlState: error.sqlState)
            return
        case "25006":
            self.init(
                .unsuitableServer, "the server takes no writes: it is a standby or read-only",
                hint: "Connect to the primary, as with target_session_attrs=read-write.", sqlState: error.sqlState)
            return
        default: return nil
        }
        self.init(code, error.message, hint: error.hint ?? "", sqlState: error.sqlState)
    }
}
