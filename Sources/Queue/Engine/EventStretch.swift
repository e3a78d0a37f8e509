package import FoundationEssentials

/// Some of the events between two positions.
package struct EventStretch: Sendable {
    static let size = 200

    package let events: [EventRecord]
    /// The position up to which they are read, when this is the last stretch.
    package let reached: String
    /// When they were read, by the server's clock.
    package let at: Date
    let lastTransaction: String
    let lastID: Int64

    package var isLast: Bool { events.count < Self.size }
}
