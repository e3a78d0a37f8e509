/// How long until the urgent things of a shard have something to do; nil when nothing is known of.
public struct DueTimes: Sendable {
    public let resolve: Duration?
    public let promote: Duration?
    public let admit: Duration?
    public let fire: Duration?
    public let expire: Duration?
    public let hook: Duration?
}
