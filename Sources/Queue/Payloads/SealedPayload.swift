internal import FoundationEssentials
public import Postgres

/// An encrypted payload; in the database it is `{"$enc": {"v": 1, "k": "key id", "c": "base64"}}`.
public struct SealedPayload: Sendable, Hashable {
    /// The version of the format: what the ciphertext is made of, and what it is bound to.
    public static let version = 1

    public let keyID: String
    public let ciphertext: [UInt8]

    public init(keyID: String, ciphertext: [UInt8]) {
        self.keyID = keyID
        self.ciphertext = ciphertext
    }

    /// As it is stored.
    public var json: PostgresJSON {
        get throws {
            try JSONCoding.encode(Envelope(content: .init(v: Self.version, k: keyID, c: Data(ciphertext))))
        }
    }

    /// Reads a payload as the server prints it; nil when it is not an encrypted one.
    public init?(stored bytes: [UInt8]) {
        guard StoredForm(bytes) == .sealed,
            let content = (try? JSONCoding.decode(bytes, as: Envelope.self))?.content, content.v == Self.version
        else { return nil }
        self.init(keyID: content.k, ciphertext: [UInt8](content.c))
    }

    /// Reads a decoded payload; nil when it is not an encrypted one.
    init?(_ value: JSONValue) {
        guard value["$enc"] != nil, let json = try? JSONCoding.encode(value),
            let content = (try? JSONCoding.decode(json.bytes, as: Envelope.self))?.content, content.v == Self.version
        else { return nil }
        self.init(keyID: content.k, ciphertext: [UInt8](content.c))
    }

    private struct Envelope: Codable {
        struct Content: Codable {
            let v: Int
            let k: String
            let c: Data
        }

        let content: Content

        enum CodingKeys: String, CodingKey { case content = "$enc" }
    }
}
