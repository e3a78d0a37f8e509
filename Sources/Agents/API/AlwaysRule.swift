public import JSON

/// The rule that a decision becomes: calls of the same tool are decided the same from now on.
public struct AlwaysRule: Sendable, Hashable {
    public enum Decision: String, Sendable, Hashable, CaseIterable {
        case approve, reject
    }

    /// Why an agent's call waits for a person.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
        /// The agent's configuration says so.
        case policy
        /// The agent has read something from outside.
        case tainted
    }

    /// Whose calls.
    public enum Scope: String, Sendable, Hashable, CaseIterable {
        /// Those of the same agent.
        case agent
        /// Those in the same run.
        case run
        /// Everybody's.
        case tool
    }

    public var scope: Scope
    /// Only calls whose arguments contain this, an object; nil: all.
    public var args: JSONValue?
    /// Nil: until it is removed.
    public var expires: Duration?

    public init(_ scope: Scope = .agent, args: JSONValue? = nil, expires: Duration? = nil) {
        self.scope = scope
        self.args = args
        self.expires = expires
    }

    var json: JSONValue {
        var members: [String: JSONValue] = ["scope": .string(scope.rawValue)]
        members["args"] = args
        members["expires"] = expires.map { time in
            let milliseconds = time.components.seconds * 1000 + time.components.attoseconds / 1_000_000_000_000_000
            return .string("\(milliseconds) milliseconds")
        }
        return .object(members)
    }
}
