public import JSON
public import Providers

/// What an agent made of a task.
public struct AgentAnswer: Sendable {
    public let task: Int64
    /// A string, or what the schema asks for.
    public let output: JSONValue
    public let progress: AgentProgress

    /// A string as it stands, anything else as JSON.
    public var text: String { output.string ?? output.text }
    /// What its model calls cost; nil when the price of one of them is not known.
    public var cost: USD? { progress.cost }
}
