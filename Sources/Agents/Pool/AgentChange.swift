/// What loading an agent has changed, or would change.
public struct AgentChange: Sendable, Codable, Hashable {
    public enum Kind: String, Sendable, Codable {
        /// The pool had no such agent.
        case new
        /// It has another configuration now.
        case changed
        case unchanged
    }

    public let name: String
    /// The version that new tasks get.
    public let version: Int
    public let change: Kind
}
