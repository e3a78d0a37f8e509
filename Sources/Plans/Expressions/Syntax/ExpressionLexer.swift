internal import JSON

/// Splits the bytes of an expression into tokens.
struct ExpressionLexer {
    private typealias Token = ExpressionToken

    let bytes: [UInt8]
    private(set) var position: Int

    init(_ bytes: [UInt8], at position: Int) {
        self.bytes = bytes
        self.position = position
    }

    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetter(first) else { return false }
        return text.utf8.allSatisfy { isLetter($0) || isDigit($0) }
    }

    mutating func next() throws(ExpressionError) -> ExpressionToken {
        while let byte = byte(0), [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
        let start = position
        guard let byte = byte(0) else { return Token(form: .end, range: start..<start) }
        let form: ExpressionToken.Form
        if Self.isLetter(byte) {
            form = .name(name())
        } else if Self.isDigit(byte) {
            form = .number(try number())
        } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
            form = .string(try string(byte))
        } else {
            form = .sign(try sign())
        }
        return Token(form: form, range: start..<position)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_")
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// The byte so many places further on.
    private func byte(_ ahead: Int) -> UInt8? {
        position + ahead < bytes.count ? bytes[position + ahead] : nil
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    private mutating func name() -> String {
        let start = position
        while let byte = byte(0), Self.isLetter(byte) || Self.isDigit(byte) { position += 1 }
        return text(start..<position)
    }

    private mutating func skipDigits() {
        while let byte = byte(0), Self.isDigit(byte) { position += 1 }
    }

    private mutating func number() throws(ExpressionError) -> JSONValue {
        let start = position
        skipDigits()
        if bytes[start] == UInt8(ascii: "0"), position > start + 1 {
            throw ExpressionError(message: "a number does not begin with 0", offset: start, hint: "leave out the zero")
        }
        var isWhole = true
        if byte(0) == UInt8(ascii: ".") {
            guard let digit = byte(1), Self.isDigit(digit) else {
                throw ExpressionError(message: "digits are missing after the point", offset: position)
            }
            position += 1
            skipDigits()
            isWhole = false
        }
        if byte(0).map({ $0 | 0x20 }) == UInt8(ascii: "e") {
            let signs = byte(1) == UInt8(ascii: "+") || byte(1) == UInt8(ascii: "-") ? 1 : 0
            if let digit = byte(1 + signs), Self.isDigit(digit) {
                position += 1 + signs
                skipDigits()
                isWhole = false
            }
        }
        if let letter = byte(0), Self.isLetter(letter) {
            _ = name()
            throw ExpressionError(
                message: "a name does not begin with a digit", offset: start,
                hint: "a member of such a name is written a[\"\(text(start..<min(position, start + 64)))\"]")
        }
        let digits = text(start..<position)
        if isWhole, let integer = Int64(digits) { return .integer(integer) }
        guard let number = Double(digits), number.isFinite else {
            throw ExpressionError(message: "the number is too large", offset: start)
        }
        return .number(number)
    }

    private mutating func string(_ quote: UInt8) throws(ExpressionError) -> String {
        let start = position
        position += 1
        var content: [UInt8] = []
        while let byte = byte(0) {
            position += 1
            switch byte {
            case quote: return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\\"): content += String(try escape(of: start)).utf8
            default: content.append(byte)
            }
        }
        throw unclosed(start)
    }

    private func unclosed(_ start: Int) -> ExpressionError {
        ExpressionError(
            message: "the string is not closed", offset: start,
            hint: "it ends with \(bytes[start] == UInt8(ascii: "'") ? "'" : "\""), as it begins")
    }

    /// What stands after a backslash.
    private mutating func escape(of start: Int) throws(ExpressionError) -> Unicode.Scalar {
        guard let byte = byte(0) else { throw unclosed(start) }
        let place = position - 1
        position += 1
        switch byte {
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "'"), UInt8(ascii: "\""): return Unicode.Scalar(byte)
        case UInt8(ascii: "u"): return try scalar(place)
        default:
            throw ExpressionError(
                message: "there is no such escape", offset: place,
                hint: "a backslash is written \\\\; there are \\n \\t \\r \\b \\f \\\" \\' \\/ and \\u0041")
        }
    }

    private mutating func scalar(_ place: Int) throws(ExpressionError) -> Unicode.Scalar {
        let unit = try codeUnit(place)
        if let scalar = Unicode.Scalar(unit) {
            guard unit != 0 else {
                throw ExpressionError(message: "\\u0000 is refused: PostgreSQL cannot hold it", offset: place)
            }
            return scalar
        }
        // The first half of a pair needs the second.
        if unit < 0xDC00, byte(0) == UInt8(ascii: "\\"), byte(1) == UInt8(ascii: "u") {
            position += 2
            let second = try codeUnit(place)
            if (0xDC00...0xDFFF).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (UInt32(unit) - 0xD800) << 10 + UInt32(second) - 0xDC00)
            {
                return scalar
            }
        }
        throw ExpressionError(message: "half a surrogate pair is no character", offset: place)
    }

    private mutating func codeUnit(_ place: Int) throws(ExpressionError) -> UInt16 {
        let end = position + 4
        guard end <= bytes.count, bytes[position..<end].allSatisfy({ Self.hexadecimal.contains($0) }),
            let unit = UInt16(text(position..<end), radix: 16)
        else {
            throw ExpressionError(message: "\\u needs four hexadecimal digits", offset: place, hint: "as in \\u00e9")
        }
        position = end
        return unit
    }

    private static let hexadecimal = Set("0123456789abcdefABCDEF".utf8)

    private mutating func sign() throws(ExpressionError) -> ExpressionToken.Sign {
        for length in [2, 1] where position + length <= bytes.count {
            guard let sign = ExpressionToken.Sign(rawValue: text(position..<position + length)) else { continue }
            // What begins as a sign and goes on as one of another language.
            if let mistake = ExpressionMistakes.foreignSign(bytes, position) { throw mistake }
            position += length
            return sign
        }
        throw ExpressionMistakes.foreignSign(bytes, position) ?? ExpressionMistakes.unknownSign(bytes, position)
    }
}
