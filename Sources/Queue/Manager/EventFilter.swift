/// Which events to list.
public struct EventFilter: Sendable {
    /// A topic, or a pattern such as `orders.*` or `orders.**`.
    public var pattern: String?
    public var key: String?
    /// Only events with smaller ids: the next page.
    public var before: Int64?
    public var limit = 50

    public init() {}
}
