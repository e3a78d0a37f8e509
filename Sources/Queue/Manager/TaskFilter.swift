/// Which tasks to list.
public struct TaskFilter: Sendable {
    /// A word of `TaskState`; the server suggests one when it is mistyped.
    public var state: String?
    public var kind: String?
    public var queue: String?
    public var tag: String?
    /// Only the tree with this root.
    public var rootID: Int64?
    /// Only tasks with smaller ids: the last id of the page before.
    public var before: Int64?
    public var limit = 50

    public init() {}
}
