/// A revision of the protocol.
struct Revision: Sendable, Hashable, CustomStringConvertible {
    let description: String

    /// Requests stand alone: no handshake, no session.
    var isModern: Bool { description == Self.modern.description }

    static let modern = Revision(description: "2026-07-28")
    /// Those that begin with `initialize`, the newest first.
    static let legacy = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"].map { Revision(description: $0) }
}
