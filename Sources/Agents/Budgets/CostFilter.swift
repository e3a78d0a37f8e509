public import FoundationEssentials

/// Which costs are wanted, and how they are summed.
public struct CostFilter: Sendable {
    public enum Grouping: String, Sendable, CaseIterable {
        /// By the root of the tree that the task stands in.
        case run
        case agent
        case model
        case provider
        /// In UTC.
        case day
    }

    public var grouping: Grouping
    /// Turns that ended then or later.
    public var since: Date?
    /// Turns that ended earlier.
    public var until: Date?
    /// How many sums at most.
    public var limit: Int

    public init(by grouping: Grouping = .run, since: Date? = nil, until: Date? = nil, limit: Int = 100) {
        self.grouping = grouping
        self.since = since
        self.until = until
        self.limit = limit
    }
}
