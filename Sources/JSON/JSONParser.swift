/// Reads JSON texts (RFC 8259) in one pass, within bounds. Says where each value stands, when asked.
package struct JSONParser {
    /// Why a text is no JSON, and where.
    package struct Failure: Error, Hashable {
        package let message: String
        /// From 1.
        package let line: Int
        /// In Unicode scalars, from 1.
        package let column: Int
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    private let deepest: Int
    private let takesRepeats: Bool
    private var index = 0
    private var marks: JSONMarks?
    private var cursor = TextCursor()

    /// A text, and where its values stand.
    ///
    /// - Parameters:
    ///   - deepest: How deep values may be nested.
    ///   - takesRepeats: Of members of one name the last counts; else they are a mistake.
    package static func parse(
        _ bytes: some Sequence<UInt8>, deepest: Int = 512, takesRepeats: Bool = false, marks: inout JSONMarks?
    ) throws(Failure) -> JSONValue {
        let isMarked = marks != nil
        let parsed = { (buffer: UnsafeBufferPointer<UInt8>) -> (Result<JSONValue, Failure>, JSONMarks?) in
            var parser = JSONParser(buffer, deepest: deepest, takesRepeats: takesRepeats, isMarked: isMarked)
            do throws(Failure) {
                return (.success(try parser.document()), parser.marks)
            } catch {
                return (.failure(error), nil)
            }
        }
        let (result, found) =
            bytes.withContiguousStorageIfAvailable(parsed) ?? Array(bytes).withUnsafeBufferPointer(parsed)
        marks = found
        return try result.get()
    }

    package static func parse(
        _ bytes: some Sequence<UInt8>, deepest: Int = 512, takesRepeats: Bool = false
    ) throws(Failure) -> JSONValue {
        var marks: JSONMarks?
        return try parse(bytes, deepest: deepest, takesRepeats: takesRepeats, marks: &marks)
    }

    private init(_ bytes: UnsafeBufferPointer<UInt8>, deepest: Int, takesRepeats: Bool, isMarked: Bool) {
        self.bytes = bytes
        self.deepest = deepest
        self.takesRepeats = takesRepeats
        if isMarked { marks = JSONMarks() }
    }

    private mutating func document() throws(Failure) -> JSONValue {
        skipSpace()
        let value = try value(depth: 0)
        skipSpace()
        guard index == bytes.count else { throw failure("something follows the end of the value") }
        return value
    }

    /// - Parameter start: Where the name of the member stands.
    private mutating func value(depth: Int, name: String? = nil, start: Int? = nil) throws(Failure) -> JSONValue {
        guard index < bytes.count else { throw failure("the text ends where a value must be") }
        if marks != nil {
            let (line, column) = cursor.advance(to: start ?? index, in: bytes)
            marks?.open(name, line: line, column: column)
        }
        defer { marks?.close() }
        switch bytes[index] {
        case UInt8(ascii: "{"): return try object(depth)
        case UInt8(ascii: "["): return try array(depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw failure("no value begins like this")
        }
    }
}

extension JSONParser {
    private mutating func object(_ depth: Int) throws(Failure) -> JSONValue {
        try enter(depth)
        var members: [String: JSONValue] = [:]
        guard !skip(UInt8(ascii: "}")) else { return .object(members) }
        while true {
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else {
                throw failure("the name of a member must be here, in double quotes")
            }
            let start = index
            let name = try string()
            skipSpace()
            guard skip(UInt8(ascii: ":")) else { throw failure("a colon must follow the name of a member") }
            let value = try value(depth: depth + 1, name: name, start: start)
            guard members.updateValue(value, forKey: name) == nil || takesRepeats else {
                index = start
                throw failure("the member \"\(name.prefix(100))\" is there twice")
            }
            skipSpace()
            if skip(UInt8(ascii: "}")) { return .object(members) }
            guard skip(UInt8(ascii: ",")) else { throw failure("a comma or } must be here") }
        }
    }

    private mutating func array(_ depth: Int) throws(Failure) -> JSONValue {
        try enter(depth)
        var elements: [JSONValue] = []
        guard !skip(UInt8(ascii: "]")) else { return .array(elements) }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if skip(UInt8(ascii: "]")) { return .array(elements) }
            guard skip(UInt8(ascii: ",")) else { throw failure("a comma or ] must be here") }
        }
    }

    private mutating func enter(_ depth: Int) throws(Failure) {
        guard depth < deepest else { throw failure("nested more than \(deepest) levels deep") }
        index += 1
        skipSpace()
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(Failure) -> JSONValue {
        let count = word.utf8CodeUnitCount
        guard index + count <= bytes.count, (0..<count).allSatisfy({ bytes[index + $0] == word.utf8Start[$0] }) else {
            throw failure("no value begins like this")
        }
        index += count
        return value
    }

    private mutating func number() throws(Failure) -> JSONValue {
        let start = index
        if bytes[index] == UInt8(ascii: "-") { index += 1 }
        let first = index
        skipDigits()
        guard index > first, index == first + 1 || bytes[first] != UInt8(ascii: "0") else {
            index = start
            throw failure("a number must not begin like this")
        }
        var isWhole = true
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            isWhole = false
            index += 1
            let fraction = index
            skipDigits()
            guard index > fraction else { throw failure("a digit must follow the point") }
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            isWhole = false
            index += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
                index += 1
            }
            let exponent = index
            skipDigits()
            guard index > exponent else { throw failure("a digit must follow the e") }
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isWhole, let whole = Int64(text) { return .integer(whole) }
        guard let number = Double(text), number.isFinite else {
            index = start
            throw failure("the number is too large")
        }
        // 1.0 and 1e2 are whole numbers, too.
        if let whole = Int64(exactly: number) { return .integer(whole) }
        return .number(number)
    }

    private mutating func skipDigits() {
        while index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) { index += 1 }
    }
}

extension JSONParser {
    private mutating func string() throws(Failure) -> String {
        index += 1
        let start = index
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                let text = String(validating: bytes[start..<index], as: UTF8.self)
                index += 1
                guard let text else { throw failure("the string is not UTF-8") }
                return text
            case UInt8(ascii: "\\"): return try escapedString(from: start)
            case 0..<0x20: throw failure("a control character in a string: write it as \\n, \\t or \\u00xx")
            default: index += 1
            }
        }
        throw failure("the string has no end")
    }

    private mutating func escapedString(from start: Int) throws(Failure) -> String {
        var text = Array(bytes[start..<index])
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                guard let text = String(validating: text, as: UTF8.self) else {
                    throw failure("the string is not UTF-8")
                }
                return text
            case UInt8(ascii: "\\"):
                index += 1
                try escape(&text)
            case 0..<0x20: throw failure("a control character in a string: write it as \\n, \\t or \\u00xx")
            default:
                text.append(byte)
                index += 1
            }
        }
        throw failure("the string has no end")
    }

    private mutating func escape(_ text: inout [UInt8]) throws(Failure) {
        guard index < bytes.count else { throw failure("the string has no end") }
        let byte = bytes[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text += Array(String(Character(try scalar())).utf8)
        default:
            index -= 1
            throw failure("no such escape: write \\\\ for a backslash")
        }
    }

    private mutating func scalar() throws(Failure) -> Unicode.Scalar {
        let high = try codeUnit()
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard UTF16.isLeadSurrogate(high), skip(UInt8(ascii: "\\")), skip(UInt8(ascii: "u")) else {
            throw failure("half of a character: surrogates come in pairs")
        }
        let low = try codeUnit()
        guard UTF16.isTrailSurrogate(low) else { throw failure("half of a character: surrogates come in pairs") }
        return UTF16.decode(UTF16.EncodedScalar([high, low]))
    }

    private mutating func codeUnit() throws(Failure) -> UInt16 {
        guard index + 4 <= bytes.count,
            bytes[index..<index + 4].allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
            let unit = UInt16(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16)
        else { throw failure("four hexadecimal digits must follow \\u") }
        index += 4
        return unit
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        if byte == UInt8(ascii: ",") || byte == UInt8(ascii: ":") { skipSpace() }
        return true
    }

    private mutating func skipSpace() {
        while index < bytes.count, bytes[index] <= 0x20, Self.isSpace(bytes[index]) { index += 1 }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    private func failure(_ message: String) -> Failure {
        var cursor = TextCursor()
        let (line, column) = cursor.advance(to: min(index, bytes.count), in: bytes)
        return Failure(message: message, line: line, column: column)
    }
}

/// Counts lines and columns of a text on the way forward.
private struct TextCursor {
    private var offset = 0
    private var line = 1
    private var column = 1

    mutating func advance(to end: Int, in bytes: UnsafeBufferPointer<UInt8>) -> (line: Int, column: Int) {
        while offset < end {
            if bytes[offset] == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if bytes[offset] & 0xC0 != 0x80 {
                column += 1
            }
            offset += 1
        }
        return (line, column)
    }
}
