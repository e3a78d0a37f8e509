/// A strict look at JSON text that finds where it goes wrong.
///
/// It accepts what RFC 8259 and PostgreSQL's `jsonb` both accept; the values themselves are not built.
struct JSONSyntax {
    /// Where and why a text is not JSON.
    struct Mistake: Error {
        /// Counts from 1.
        let line: Int
        /// In characters, from 1.
        let column: Int
        let reason: String
        /// The line, with `^` below the place.
        let excerpt: String

        func message(in source: String) -> String {
            "\(source) is not valid JSON: line \(line), column \(column): \(reason)\n\(excerpt)"
        }
    }

    private struct Failure: Error {
        let offset: Int
        let reason: String
    }

    private let bytes: [UInt8]
    private var at = 0

    static func check(_ bytes: [UInt8]) throws(Mistake) {
        var syntax = JSONSyntax(bytes: bytes)
        do {
            try syntax.document()
        } catch {
            throw syntax.locate(error)
        }
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var current: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func document() throws(Failure) {
        // A loop with a stack of its own: nesting as deep as memory reaches must not end the process.
        var open: [UInt8] = []
        value: while true {
            skipSpace()
            switch current {
            case Ascii.openBrace?:
                at += 1
                skipSpace()
                if current == Ascii.closeBrace {
                    at += 1
                } else {
                    open.append(Ascii.openBrace)
                    try key()
                    continue value
                }
            case Ascii.openBracket?:
                at += 1
                skipSpace()
                if current == Ascii.closeBracket {
                    at += 1
                } else {
                    open.append(Ascii.openBracket)
                    continue value
                }
            default: try scalar()
            }
            while let container = open.last {
                skipSpace()
                let closing = container == Ascii.openBrace ? Ascii.closeBrace : Ascii.closeBracket
                if current == Ascii.comma {
                    at += 1
                    let comma = at - 1
                    skipSpace()
                    if current == closing { throw Failure(offset: comma, reason: "a comma with nothing behind it") }
                    if container == Ascii.openBrace { try key() }
                    continue value
                }
                guard current == closing else {
                    throw expected(container == Ascii.openBrace ? "a comma or }" : "a comma or ]")
                }
                at += 1
                open.removeLast()
            }
            skipSpace()
            if current != nil { throw Failure(offset: at, reason: "more text after the end of the document") }
            return
        }
    }

    private mutating func key() throws(Failure) {
        guard current == Ascii.quote else { throw expected("a name in double quotes") }
        try string()
        skipSpace()
        guard current == Ascii.colon else { throw expected("a colon after the name") }
        at += 1
    }

    private mutating func scalar() throws(Failure) {
        switch current {
        case Ascii.quote?: try string()
        case let byte? where byte == Ascii.minus || Ascii.isDigit(byte): try number()
        default:
            for word in ["true", "false", "null"] where bytes[at...].starts(with: word.utf8) {
                at += word.utf8.count
                return
            }
            throw expected("a value")
        }
    }

    private mutating func number() throws(Failure) {
        if current == Ascii.minus { at += 1 }
        if current == Ascii.zero {
            at += 1
            if let digit = current, Ascii.isDigit(digit) {
                throw Failure(offset: at, reason: "a number with a zero before it")
            }
        } else {
            try digits()
        }
        if current == Ascii.point {
            at += 1
            try digits()
        }
        if current == Ascii.smallE || current == Ascii.bigE {
            at += 1
            if current == Ascii.plus || current == Ascii.minus { at += 1 }
            try digits()
        }
    }

    private mutating func digits() throws(Failure) {
        guard let digit = current, Ascii.isDigit(digit) else { throw expected("a digit") }
        while let digit = current, Ascii.isDigit(digit) { at += 1 }
    }

    private mutating func string() throws(Failure) {
        let start = at
        at += 1
        while let byte = current {
            switch byte {
            case Ascii.quote:
                at += 1
                guard String(validating: bytes[start..<at], as: UTF8.self) != nil else {
                    throw Failure(offset: start, reason: "a string that is not UTF-8")
                }
                return
            case Ascii.backslash: try escape()
            case ..<0x20:
                throw Failure(
                    offset: at,
                    reason: byte == Ascii.newline
                        ? "a string without its closing quote"
                        : "a control character in a string; write it as an escape")
            default: at += 1
            }
        }
        throw Failure(offset: start, reason: "a string without its closing quote")
    }

    private mutating func escape() throws(Failure) {
        let start = at
        at += 1
        guard let letter = current else { return }
        at += 1
        guard letter == Ascii.smallU else {
            guard "\"\\/bfnrt".utf8.contains(letter) else {
                throw Failure(offset: start, reason: "an unknown escape in a string")
            }
            return
        }
        switch try hex(start) {
        case 0: throw Failure(offset: start, reason: "\\u0000, which PostgreSQL cannot store")
        case 0xD800...0xDBFF:
            let next = at
            guard bytes[at...].starts(with: "\\u".utf8) else {
                throw Failure(offset: start, reason: "half of a surrogate pair")
            }
            at += 2
            guard (0xDC00...0xDFFF).contains(try hex(next)) else {
                throw Failure(offset: start, reason: "half of a surrogate pair")
            }
        case 0xDC00...0xDFFF: throw Failure(offset: start, reason: "half of a surrogate pair")
        default: break
        }
    }

    private mutating func hex(_ start: Int) throws(Failure) -> Int {
        let digits = bytes[at...].prefix(4)
        guard digits.count == 4, digits.allSatisfy(Ascii.isHex),
            let value = Int(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw Failure(offset: start, reason: "a \\u without four hexadecimal digits") }
        at += 4
        return value
    }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
    }

    private func expected(_ what: String) -> Failure {
        guard at < bytes.count else { return Failure(offset: at, reason: "the text ends where \(what) is expected") }
        let rest = String(decoding: bytes[at...].prefix(8), as: UTF8.self)
        let found = rest.first.map { $0.isNewline ? "the end of the line" : "`\(DisplayText.printable("\($0)"))`" }
        return Failure(offset: at, reason: "expected \(what), found \(found ?? "nothing")")
    }

    private func locate(_ failure: Failure) -> Mistake {
        let before = bytes[..<failure.offset]
        let start = before.lastIndex(of: Ascii.newline).map { $0 + 1 } ?? 0
        let end = bytes[start...].firstIndex(of: Ascii.newline) ?? bytes.count
        let line = before.count { $0 == Ascii.newline } + 1
        let left = Array(String(decoding: bytes[start..<failure.offset], as: UTF8.self))
        let right = Array(String(decoding: bytes[failure.offset..<end], as: UTF8.self))
        // Around the place only: a document may be one very long line.
        let shownLeft = DisplayText.printable(String(left.suffix(50)))
        let shown = shownLeft + DisplayText.printable(String(right.prefix(30)))
        let space = String(repeating: " ", count: DisplayText.width(shownLeft))
        return Mistake(
            line: line, column: left.count + 1, reason: failure.reason, excerpt: "  \(shown)\n  \(space)^")
    }
}
