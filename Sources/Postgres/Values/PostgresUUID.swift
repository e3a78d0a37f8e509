/// A UUID as its sixteen bytes.
public struct PostgresUUID: Sendable, Hashable, PostgresEncodable, PostgresDecodable, LosslessStringConvertible {
    /// The first and the last eight bytes, read as big-endian numbers.
    public let high: UInt64, low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads 32 hexadecimal digits; hyphens may stand anywhere.
    public init?(_ description: String) {
        var digits = 0
        var value: UInt128 = 0
        for character in description where character != "-" {
            guard character.isASCII, let digit = character.hexDigitValue, digits < 32 else { return nil }
            value = value << 4 | UInt128(digit)
            digits += 1
        }
        guard digits == 32 else { return nil }
        self.init(high: UInt64(truncatingIfNeeded: value >> 64), low: UInt64(truncatingIfNeeded: value))
    }

    /// Lower case with hyphens, as PostgreSQL writes it.
    public var description: String {
        var text = ""
        for position in 0..<32 {
            if [8, 12, 16, 20].contains(position) { text.append("-") }
            let half = position < 16 ? high : low
            text += String((half >> UInt64(60 - 4 * (position % 16))) & 15, radix: 16)
        }
        return text
    }

    public static var postgresType: PostgresType { .uuid }

    public func encode(into buffer: inout PostgresBuffer) {
        buffer.append(high)
        buffer.append(low)
    }

    public static func decode(_ value: PostgresValue) -> PostgresUUID? {
        guard value.type == PostgresType.uuid.oid, let high = value.integer(as: UInt64.self),
            let low = value.integer(at: 8, as: UInt64.self)
        else { return nil }
        return PostgresUUID(high: high, low: low)
    }
}
