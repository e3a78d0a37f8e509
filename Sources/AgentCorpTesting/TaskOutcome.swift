internal import Postgres
public import Queue

/// How a task stands after it has run.
public struct TaskOutcome: Sendable, Decodable {
    public let state: TaskState
    /// The number of the attempt that is to come, or was the last.
    public let attempt: Int
    /// What it returned; nil when it returned nothing, or has not completed.
    public let output: JSONValue?
    /// Why the latest attempt did not succeed.
    public let error: TaskFailure?

    /// What it returned. Throws `DecodingError`, also when it returned nothing.
    public func decode<Output: Decodable>(_ type: Output.Type = Output.self) throws -> Output {
        // In an array, because a bare fragment has no place in every decoder.
        try JSONCoding.decode(JSONCoding.encode([output ?? .null]).bytes, as: [Output].self)[0]
    }
}
