/// The events that were committed since a position.
public struct EventPage: Sendable, Codable {
    /// Where to go on.
    public let reached: String
    /// In the order in which they were emitted.
    public let events: [EventRecord]
}
