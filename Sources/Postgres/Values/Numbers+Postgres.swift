extension Int64: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int8 }

    public func encode(into buffer: inout PostgresBuffer) { buffer.append(self) }

    /// Reads bigint, integer and smallint.
    public static func decode(_ value: PostgresValue) -> Int64? {
        switch value.type {
        case PostgresType.int8.oid: value.integer()
        case PostgresType.int4.oid: value.integer(as: Int32.self).map { Int64($0) }
        case PostgresType.int2.oid: value.integer(as: Int16.self).map { Int64($0) }
        default: nil
        }
    }
}

/// Sent as bigint, like `Int64`.
extension Int: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int8 }

    public func encode(into buffer: inout PostgresBuffer) { buffer.append(Int64(self)) }

    /// Reads bigint, integer and smallint.
    public static func decode(_ value: PostgresValue) -> Int? { Int64.decode(value).map { Int($0) } }
}

extension Int32: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int4 }

    public func encode(into buffer: inout PostgresBuffer) { buffer.append(self) }

    /// Reads integer and smallint.
    public static func decode(_ value: PostgresValue) -> Int32? {
        switch value.type {
        case PostgresType.int4.oid: value.integer()
        case PostgresType.int2.oid: value.integer(as: Int16.self).map { Int32($0) }
        default: nil
        }
    }
}

extension Int16: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .int2 }

    public func encode(into buffer: inout PostgresBuffer) { buffer.append(self) }

    public static func decode(_ value: PostgresValue) -> Int16? {
        value.type == PostgresType.int2.oid ? value.integer() : nil
    }
}

extension Bool: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .bool }

    public func encode(into buffer: inout PostgresBuffer) { buffer.append(UInt8(self ? 1 : 0)) }

    public static func decode(_ value: PostgresValue) -> Bool? {
        value.type == PostgresType.bool.oid ? value.integer(as: UInt8.self).map { $0 != 0 } : nil
    }
}

extension Double: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .float8 }

    public func encode(into buffer: inout PostgresBuffer) { buffer.append(bitPattern) }

    /// Reads double precision and real.
    public static func decode(_ value: PostgresValue) -> Double? {
        switch value.type {
        case PostgresType.float8.oid: value.integer().map { Double(bitPattern: $0) }
        case PostgresType.float4.oid: Float.decode(value).map { Double($0) }
        default: nil
        }
    }
}

extension Float: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .float4 }

    public func encode(into buffer: inout PostgresBuffer) { buffer.append(bitPattern) }

    public static func decode(_ value: PostgresValue) -> Float? {
        value.type == PostgresType.float4.oid ? value.integer().map { Float(bitPattern: $0) } : nil
    }
}
