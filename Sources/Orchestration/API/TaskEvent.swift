internal import FoundationEssentials

/// Something that has become of a task.
public struct TaskEvent: Sendable, Decodable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case created
        /// First seen in the hands of a worker, or at the end of an attempt.
        case started
        /// It has left its worker until its subtasks have ended or an event comes.
        case waiting
        case completed, failed, cancelled, skipped
    }

    public struct Failure: Sendable, Decodable {
        public let reason: String?
        public let message: String?
    }

    public let event: Kind
    public let task: Int64
    /// Nil for `created`.
    public let attempt: Int?
    public let kind: String
    public let name: String?
    public let queue: String
    public let tags: [String]
    public let parent: Int64?
    public let root: Int64
    /// The plan of whose run it is part.
    public let plan: String?
    public let error: Failure?
}
