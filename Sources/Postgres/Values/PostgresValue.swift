/// A column's value as it came from the server; valid only inside the call that receives it.
public struct PostgresValue {
    /// The OID of the type.
    public let type: UInt32
    /// The value in binary format, or nil for null.
    public let bytes: UnsafeRawBufferPointer?

    /// Reads a big-endian integer at an offset, or nil past the end.
    public func integer<Integer: FixedWidthInteger>(at offset: Int = 0, as: Integer.Type = Integer.self) -> Integer? {
        guard let bytes, offset >= 0, offset + MemoryLayout<Integer>.size <= bytes.count else { return nil }
        return Integer(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Integer.self))
    }
}
