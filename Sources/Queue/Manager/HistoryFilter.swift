public import FoundationEssentials

/// Which finished attempts to list.
public struct HistoryFilter: Sendable {
    public var since: Date?
    public var until: Date?
    public var kind: String?
    /// A word of `HistoryRecord.outcome`.
    public var outcome: String?
    public var queue: String?
    /// Only attempts that ran at least this long.
    public var minimumMilliseconds: Float?
    public var limit = 50

    public init() {}
}
