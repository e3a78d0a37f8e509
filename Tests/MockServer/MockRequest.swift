public import JSON

/// A request as the server got it.
public struct MockRequest: Sendable {
    /// Counted from 0.
    public let number: Int
    public let method: String
    public let path: String
    /// By lower-case name; one that came twice has both values, with a comma between them.
    public let headers: [String: String]
    public let body: [UInt8]

    /// The body as text.
    public var text: String { String(decoding: body, as: UTF8.self) }
    /// The body as JSON; null when it is none.
    public var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }
}
