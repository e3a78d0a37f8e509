/// Writes compact JSON in UTF-8 with sorted keys, up to a limit of bytes and of nesting.
package struct JSONWriter {
    /// Values that nest deeper are not written, unless it is said otherwise.
    package static let deepest = 500

    private let limit: Int
    private let deepest: Int
    /// Else the bytes are only counted.
    private let keepsBytes: Bool
    private(set) package var count = 0
    private(set) package var isCut = false
    private(set) package var bytes: [UInt8] = []

    package init(limit: Int, deepest: Int = Self.deepest, keepsBytes: Bool = true) {
        self.limit = limit
        self.deepest = deepest
        self.keepsBytes = keepsBytes
    }

    /// What was written, without half a character at its end.
    package var text: String {
        guard isCut else { return String(decoding: bytes, as: UTF8.self) }
        var end = bytes.endIndex
        while end > 0, bytes[end - 1] & 0b1100_0000 == 0b1000_0000 { end -= 1 }
        if end > 0, bytes[end - 1] >= 0b1100_0000 { end -= 1 } else { end = bytes.endIndex }
        return String(decoding: bytes[..<end], as: UTF8.self)
    }

    package mutating func write(_ value: JSONValue, depth: Int = 0) {
        guard depth <= deepest else { return isCut = true }
        guard !isCut else { return }
        switch value {
        case .null: append("null".utf8)
        case .bool(let truth): append((truth ? "true" : "false").utf8)
        case .integer(let number): append("\(number)".utf8)
        case .number(let number) where number.isFinite: append(Self.text(number).utf8)
        case .number(let number):
            append((number.isNaN ? "\"NaN\"" : number < 0 ? "\"-Infinity\"" : "\"Infinity\"").utf8)
        case .string(let text): write(quoted: text)
        case .array(let elements):
            append(UInt8(ascii: "["))
            var isFirst = true
            for element in elements {
                if !isFirst { append(UInt8(ascii: ",")) }
                isFirst = false
                write(element, depth: depth + 1)
                if isCut { return }
            }
            append(UInt8(ascii: "]"))
        case .object(let members): write(members, depth)
        }
    }

    private mutating func write(_ members: [String: JSONValue], _ depth: Int) {
        append(UInt8(ascii: "{"))
        // Each member takes five bytes at least. Sorting what does not fit would be work without an end.
        guard members.count <= (limit - count) / 5 + 1 else { return isCut = true }
        let isSorted = !keepsBytes || members.count < 2
        var isFirst = true
        for (key, value) in isSorted ? Array(members) : members.sorted(by: { $0.key < $1.key }) {
            if !isFirst { append(UInt8(ascii: ",")) }
            isFirst = false
            write(quoted: key)
            append(UInt8(ascii: ":"))
            write(value, depth: depth + 1)
            if isCut { return }
        }
        append(UInt8(ascii: "}"))
    }

    private mutating func write(quoted text: String) {
        append(UInt8(ascii: "\""))
        let room = limit - count
        let isTooLong = text.utf8.count > room
        if isTooLong, !keepsBytes { return isCut = true }
        var text = text
        text.withUTF8 { bytes in
            let bytes = bytes.prefix(room)
            var start = 0
            for index in bytes.indices where Self.isSpecial(bytes[index]) {
                append(bytes[start..<index])
                append(Self.escape(bytes[index]).utf8)
                start = index + 1
                if isCut { return }
            }
            append(bytes[start...])
        }
        if isTooLong { isCut = true }
        append(UInt8(ascii: "\""))
    }

    private mutating func append(_ byte: UInt8) {
        guard !isCut, count < limit else { return isCut = true }
        if keepsBytes { bytes.append(byte) }
        count += 1
    }

    private mutating func append(_ more: some Collection<UInt8>) {
        guard !isCut else { return }
        let amount = min(more.count, limit - count)
        if amount < more.count { isCut = true }
        if keepsBytes { bytes.append(contentsOf: more.prefix(amount)) }
        count += amount
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
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
