/// How far a call is: a sign of life at least.
public struct MCPProgress: Sendable, Hashable {
    public let progress: Double
    /// What `progress` will be at the end, where that is known.
    public let total: Double?
    public let message: String?
}
