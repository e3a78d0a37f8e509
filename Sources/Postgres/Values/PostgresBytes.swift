/// Raw bytes: a bytea.
public struct PostgresBytes: Sendable, Hashable, PostgresEncodable, PostgresDecodable {
    public var bytes: [UInt8]

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    public static var postgresType: PostgresType { .bytea }

    public func encode(into buffer: inout PostgresBuffer) { buffer.append(bytes: bytes) }

    /// Reads the payload of any type as it was sent, jsonb without its version byte.
    public static func decode(_ value: PostgresValue) -> PostgresBytes? {
        guard let bytes = value.bytes else { return nil }
        return PostgresBytes(Array(value.type == PostgresType.jsonb.oid ? bytes.dropFirst() : bytes[...]))
    }
}
