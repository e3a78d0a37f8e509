public import Postgres

/// How a coordinator works.
public struct CoordinatorConfiguration: Sendable {
    /// Where to LISTEN; nil for polling alone.
    public var listener: PostgresConfiguration?
    /// How long a leadership lasts that is not renewed; another process takes over after that.
    public var leadership: Duration = .seconds(6)
    /// How often to look for ended needs and due tasks without having been told.
    public var poll: Duration = .seconds(1)
    /// How often workers beat; one that missed three is dead.
    public var beat: Duration = .seconds(5)
    /// How often to add the noted changes of depths to the counters.
    public var foldInterval: Duration = .seconds(2)
    /// How often to look for waits whose event was missed.
    public var sweepInterval: Duration = .seconds(5)

    /// How often to look for redrives without having been told.
    public var redrivePoll: Duration = .seconds(10)
    /// How often to look for trees that have been kept long enough, when there were none.
    public var pruneInterval: Duration = .seconds(30)
    /// The share of its time that the pruner works while there is something to prune, above 0 and up to 1: what it takes
    /// from the workers at most.
    public var pruneShare = 0.1

    public init() {}
}
