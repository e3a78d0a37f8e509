public import FoundationEssentials
internal import Postgres
public import Queue

/// A task that the code under test has added, with its arguments and how it stands.
public struct EnqueuedTask: Sendable, Decodable, Identifiable {
    public let id: Int64
    public let parentID: Int64?
    public let kind: String
    public let queue: String
    public let name: String?
    public let state: TaskState
    /// 0 is the most urgent, 9 the least.
    public let priority: Int
    public let tags: [String]?
    /// When a scheduled task becomes due.
    public let runAt: Date?
    public let args: JSONValue

    enum CodingKeys: String, CodingKey {
        case id, kind, queue, name, state, priority, tags, args
        case parentID = "parent_id"
        case runAt = "run_at"
    }

    /// The arguments as the handler will decode them. Throws `DecodingError`.
    public func decode<Input: Decodable>(_ type: Input.Type = Input.self) throws -> Input {
        try JSONCoding.decode(JSONCoding.encode(args).bytes)
    }
}
