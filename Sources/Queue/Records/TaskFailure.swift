/// Why an attempt did not succeed.
public struct TaskFailure: Sendable, Codable, Hashable, Error, CustomStringConvertible {
    /// What happened, for a person.
    public var message: String
    /// A word for programs: `timeout`, `lost`, `upstream`, `parent`, `cancelled`, `exit`, ...
    public var reason: String?
    /// More about it: the exit code, the tail of stderr, a response body.
    public var detail: JSONValue?

    public init(_ message: String, reason: String? = nil, detail: JSONValue? = nil) {
        self.message = message
        self.reason = reason
        self.detail = detail
    }

    /// Reads whatever a worker in another language has recorded; what has no message of its own is the message.
    public init(from decoder: any Decoder) throws {
        let value = try JSONValue(from: decoder)
        message = value["message"]?.string ?? value.string ?? "\(value["message"] ?? value)"
        reason = value["reason"]?.string
        detail = value["detail"]
    }

    public var description: String { message }
}
