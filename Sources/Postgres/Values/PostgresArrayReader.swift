/// Walks over the elements of a one-dimensional array in binary format.
///
/// Source: `array_send` in PostgreSQL's `arrayfuncs.c`. Offsets and lengths are checked: a short value ends the walk.
public struct PostgresArrayReader {
    private let array: PostgresValue
    private let elementType: UInt32
    private var offset: Int
    /// How many elements are still to come.
    public private(set) var remaining: Int

    /// Fails for anything but an array without dimensions (empty) or with one.
    init?(_ value: PostgresValue) {
        guard let dimensions = value.integer(as: Int32.self), let element = value.integer(at: 8, as: UInt32.self),
            dimensions == 0 || dimensions == 1
        else { return nil }
        array = value
        elementType = element
        offset = 20
        if dimensions == 0 {
            remaining = 0
        } else {
            guard let count = value.integer(at: 12, as: Int32.self), count >= 0,
                Int(count) * 4 <= (value.bytes?.count ?? 0)
            else { return nil }
            remaining = Int(count)
        }
    }

    /// Whether every announced element was there.
    public var isComplete: Bool { remaining == 0 }

    public mutating func next() -> PostgresValue? {
        guard remaining > 0, let length = array.integer(at: offset, as: Int32.self), let bytes = array.bytes else {
            return nil
        }
        offset += 4
        guard length >= 0 else {
            remaining -= 1
            return PostgresValue(type: elementType, bytes: nil)
        }
        guard offset + Int(length) <= bytes.count else { return nil }
        defer {
            offset += Int(length)
            remaining -= 1
        }
        return PostgresValue(
            type: elementType, bytes: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + Int(length)]))
    }
}
