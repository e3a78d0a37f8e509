/// A value that can be read from a column.
public protocol PostgresDecodable {
    /// Reads a value in binary format; nil when its type does not fit, when it is out of range, or null.
    static func decode(_ value: PostgresValue) -> Self?
    /// Reads all elements of an array; implemented for you.
    static func decodeElements(_ elements: inout PostgresArrayReader) -> [Self]?
}

extension PostgresDecodable {
    // A requirement, so that each type gets its own specialised loop instead of a witness call per element.
    public static func decodeElements(_ elements: inout PostgresArrayReader) -> [Self]? {
        var array: [Self] = []
        array.reserveCapacity(elements.remaining)
        while let element = elements.next() {
            guard let decoded = decode(element) else { return nil }
            array.append(decoded)
        }
        return elements.isComplete ? array : nil
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    public static func decode(_ value: PostgresValue) -> Wrapped?? {
        if value.bytes == nil { return .some(nil) }
        return Wrapped.decode(value).map { .some($0) }
    }
}

extension Array: PostgresDecodable where Element: PostgresDecodable {
    public static func decode(_ value: PostgresValue) -> [Element]? {
        guard var reader = PostgresArrayReader(value) else { return nil }
        return Element.decodeElements(&reader)
    }
}
