/// Some trees that have ended, as they were found.
public struct EndedTrees: Sendable {
    public let shard: Int16
    /// The ids of the roots, ascending.
    public let roots: [Int64]
    /// The last attempt of each root: a tree that is retried gets another.
    let attempts: [Int16]
    /// The id of the last task that was looked at.
    public let reached: Int64
}
