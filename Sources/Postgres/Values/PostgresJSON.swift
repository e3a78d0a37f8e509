/// A JSON document as UTF-8 bytes, sent as jsonb; it is never parsed on this side.
public struct PostgresJSON: Sendable, Hashable, PostgresEncodable, PostgresDecodable {
    public var bytes: [UInt8]

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    public init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// The document as text.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    public static var postgresType: PostgresType { .jsonb }

    /// Writes jsonb's binary form: the version, 1, and then the text.
    public func encode(into buffer: inout PostgresBuffer) throws(PostgresError) {
        guard !bytes.contains(0) else {
            throw PostgresError(.invalidValue, "a JSON document holds a NUL byte")
        }
        buffer.append(UInt8(1))
        buffer.append(bytes: bytes)
    }

    /// Reads jsonb and json.
    public static func decode(_ value: PostgresValue) -> PostgresJSON? {
        guard value.type == PostgresType.jsonb.oid || value.type == PostgresType.json.oid else { return nil }
        return PostgresBytes.decode(value).map { PostgresJSON($0.bytes) }
    }
}
