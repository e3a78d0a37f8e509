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

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        message = try container.decodeIfPresent(String.self, forKey: .message) ?? "no message"
        reason = try container.decodeIfPresent(String.self, forKey: .reason)
        detail = try container.decodeIfPresent(JSONValue.self, forKey: .detail)
    }

    public var description: String { message }
}
