/// A task that another one needed, as its handler sees it.
public struct NeededTask: Sendable, Codable, Identifiable {
    public let id: Int64
    public let name: String?
    public let kind: String
    /// Whether it is a subtask, or another task from `needs`.
    public let isSubtask: Bool
    public let state: TaskState
    /// What it returned; nil when it returned nothing or did not complete.
    package(set) public var output: JSONValue?
    public let error: TaskFailure?

    enum CodingKeys: String, CodingKey {
        case id, name, kind, state, output, error
        case isSubtask = "is_subtask"
    }
}
