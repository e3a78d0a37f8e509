internal import JSON

/// Writes compact JSON with sorted keys, up to a limit of bytes and of nesting.
struct JSONWriter {
    /// Values that nest deeper are not written.
    static let deepest = 500

    let limit: Int
    /// Else the bytes are only counted.
    let keepsBytes: Bool
    private(set) var count = 0
    private(set) var isCut = false
    private var bytes: [UInt8] = []

    init(limit: Int, keepsBytes: Bool = true) {
        self.limit = limit
        self.keepsBytes = keepsBytes
    }

    /// What was written, without half a character at its end.
    var text: String {
        guard isCut else { return String(decoding: bytes, as: UTF8.self) }
        var end = bytes.endIndex
        while end > 0, bytes[end - 1] & 0b1100_0000 == 0b1000_0000 { end -= 1 }
        if end > 0, bytes[end - 1] >= 0b1100_0000 { end -= 1 } else { end = bytes.endIndex }
        return String(decoding: bytes[..<end], as: UTF8.self)
    }

    mutating func write(_ value: JSONValue, depth: Int = 0) {
        guard depth <= Self.deepest else { return isCut = true }
        guard !isCut else { return }
        switch value {
        case .null: write("null")
        case .bool(let truth): write(truth ? "true" : "false")
        case .integer(let number): write("\(number)")
        case .number(let number) where number.isFinite: write(Self.text(number))
        case .number(let number): write(number.isNaN ? "\"NaN\"" : number < 0 ? "\"-Infinity\"" : "\"Infinity\"")
        case .string(let text): writeQuoted(text)
        case .array(let elements):
            write("[")
            for (index, element) in elements.enumerated() {
                if index > 0 { write(",") }
                write(element, depth: depth + 1)
                if isCut { return }
            }
            write("]")
        case .object(let members):
            write("{")
            // Sorting what does not fit anyway would be work without an end.
            guard members.count <= (limit - min(count, limit)) / 4 + 1 else { return isCut = true }
            for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { write(",") }
                writeQuoted(member.key)
                write(":")
                write(member.value, depth: depth + 1)
                if isCut { return }
            }
            write("}")
        }
    }

    private mutating func write(_ text: String) {
        append(text.utf8)
    }

    private mutating func writeQuoted(_ text: String) {
        write("\"")
        var plain = text.utf8[...]
        while let special = plain.firstIndex(where: {
            $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\")
        }) {
            append(plain[..<special])
            write(Self.escape(plain[special]))
            plain = plain[plain.index(after: special)...]
            if isCut { return }
        }
        append(plain)
        write("\"")
    }

    private mutating func append(_ more: some Collection<UInt8>) {
        guard !isCut else { return }
        let room = limit - count
        let amount = more.count
        if amount > room { isCut = true }
        if keepsBytes { bytes.append(contentsOf: more.prefix(room)) }
        count += min(amount, room)
    }

    private static func escape(_ byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "\""): return "\\\""
        case UInt8(ascii: "\\"): return "\\\\"
        case UInt8(ascii: "\n"): return "\\n"
        case UInt8(ascii: "\r"): return "\\r"
        case UInt8(ascii: "\t"): return "\\t"
        case 8: return "\\b"
        case 12: return "\\f"
        default:
            let digits = String(byte, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
    }

    private static func text(_ number: Double) -> String {
        let text = "\(number)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
