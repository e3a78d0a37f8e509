/// Which calls of an agent wait for a person, and for whom how long.
public struct ApprovalPolicy: Sendable, Hashable {
    /// What counts when nobody has decided in time.
    public enum Fallback: String, Sendable, Hashable, CaseIterable {
        case approve, reject
    }

    /// Names of tools, or how they begin, with `*` after it: `terminal.*`. Calls of others are asked about only after
    /// something from outside was read, or when they were interrupted.
    public var tools: [String]
    /// Who may decide, by name or database role; empty: anybody.
    public var approvers: [String]
    /// How long a question waits for its answer; nil: for ever.
    public var expires: Duration?
    /// Nil: the task fails when the time is over.
    public var fallback: Fallback?

    public init(
        tools: [String] = [], approvers: [String] = [], expires: Duration? = nil, fallback: Fallback? = nil
    ) {
        self.tools = tools
        self.approvers = approvers
        self.expires = expires
        self.fallback = fallback
    }

    /// Whether calls of a tool are asked about.
    public func covers(_ tool: String) -> Bool {
        tools.contains { pattern in
            pattern.hasSuffix("*") ? tool.hasPrefix(pattern.dropLast()) : tool == pattern
        }
    }
}
