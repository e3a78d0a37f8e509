/// A line of the answer to why a task does not run, or why it ended as it did.
public struct Explanation: Sendable, Codable, Hashable {
    /// How far down the chain, from 0.
    public let level: Int
    /// The task that it is about.
    public let task: Int64
    /// What kind of reason it is: a state, `attempt`, `limit`, `worker`, `approval`, `budget`, ...
    public let what: String
    public let detail: String
}
