extension String: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .text }

    /// Throws `invalidValue` for a NUL character, which PostgreSQL's text cannot hold.
    public func encode(into buffer: inout PostgresBuffer) throws(PostgresError) {
        let start = buffer.bytes.count
        buffer.append(bytes: utf8)
        guard !buffer.bytes[start...].contains(0) else {
            throw PostgresError(.invalidValue, "a text holds a NUL character, which PostgreSQL cannot store")
        }
    }

    /// Reads every type whose binary form is text, jsonb, and the types that users made, such as enumerations.
    public static func decode(_ value: PostgresValue) -> String? {
        guard let bytes = value.bytes else { return nil }
        if value.type == PostgresType.text.oid || PostgresType.textOIDs.contains(value.type) {
            return String(decoding: bytes, as: UTF8.self)
        }
        if value.type == PostgresType.jsonb.oid {
            return String(decoding: bytes.dropFirst(), as: UTF8.self)
        }
        if value.type == PostgresType.void { return "" }
        // An enumeration, citext and the like send text; a composite type does not, and is rarely valid UTF-8.
        return value.type >= PostgresType.firstUserOID ? String(validating: bytes, as: UTF8.self) : nil
    }
}
