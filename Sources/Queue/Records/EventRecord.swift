public import FoundationEssentials
internal import Postgres

/// A published fact.
public struct EventRecord: Sendable, Hashable, Codable {
    public let id: Int64
    public let topic: String
    public let key: String?
    public let data: JSONValue
    /// When it was emitted, by the server's clock.
    public let createdAt: Date

    enum CodingKeys: String, CodingKey {
        case id, topic, key, data
        case createdAt = "created_at"
    }

    /// Decodes the data. Throws `DecodingError` when they do not fit.
    public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try JSONCoding.decode(try JSONCoding.encode(data).bytes)
    }
}
