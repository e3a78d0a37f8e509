/// Bytes on their way to the server, in its binary format: big-endian, without padding.
public struct PostgresBuffer: Sendable {
    var bytes: [UInt8] = []

    public init() {}

    @inline(__always)
    public mutating func append<Integer: FixedWidthInteger>(_ integer: Integer) {
        withUnsafeBytes(of: integer.bigEndian) { bytes.append(contentsOf: $0) }
    }

    public mutating func append(bytes more: some Sequence<UInt8>) {
        bytes.append(contentsOf: more)
    }

    /// Appends a value after its length, -1 for null: the form of an array's elements and of COPY's fields.
    mutating func appendField<Value: PostgresEncodable>(_ value: Value) throws(PostgresError) {
        guard !value.isPostgresNull else { return append(Int32(-1)) }
        let start = bytes.count
        append(Int32(0))
        try value.encode(into: &self)
        let length = UInt32(bytes.count - start - 4)
        for byte in 0..<4 { bytes[start + byte] = UInt8(truncatingIfNeeded: length >> UInt32(24 - 8 * byte)) }
    }
}
