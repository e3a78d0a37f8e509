internal import FoundationEssentials

/// Walks over JSON text without decoding it: RFC 8259, and what PostgreSQL cannot store is refused as by the server.
struct JSONScanner {
    private let bytes: [UInt8]
    private var at = 0
    private var depth = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Reads one document to the end of the text.
    mutating func document() throws {
        try value()
        try end()
    }

    /// Where the `args` of a task, or of an array of tasks, and of their subtasks stand.
    mutating func arguments() throws -> [Range<Int>] {
        var found: [Range<Int>] = []
        space()
        if current == UInt8(ascii: "[") { try tasks(&found) } else { try task(&found) }
        try end()
        return found
    }

    private mutating func tasks(_ found: inout [Range<Int>]) throws {
        try elements { scanner in try scanner.task(&found) }
    }

    private mutating func task(_ found: inout [Range<Int>]) throws {
        space()
        guard current == UInt8(ascii: "{") else { return try value() }
        try members { scanner, name in
            scanner.space()
            if name == "args" {
                let start = scanner.at
                try scanner.value()
                found.append(start..<scanner.at)
            } else if name == "subtasks", scanner.current == UInt8(ascii: "[") {
                try scanner.tasks(&found)
            } else {
                try scanner.value()
            }
        }
    }

    private mutating func value() throws {
        space()
        switch current {
        case UInt8(ascii: "{"): try members { scanner, _ in try scanner.value() }
        case UInt8(ascii: "["): try elements { scanner in try scanner.value() }
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: try number()
        }
    }

    private mutating func members(_ body: (inout JSONScanner, String) throws -> Void) throws {
        try list(closing: UInt8(ascii: "}")) { scanner in
            scanner.space()
            let raw = try scanner.string()
            let name =
                raw.contains(UInt8(ascii: "\\"))
                ? try JSONCoding.decode(Array(raw), as: String.self)
                : String(decoding: raw.dropFirst().dropLast(), as: UTF8.self)
            scanner.space()
            try scanner.expect(UInt8(ascii: ":"))
            try body(&scanner, name)
        }
    }

    private mutating func elements(_ body: (inout JSONScanner) throws -> Void) throws {
        try list(closing: UInt8(ascii: "]"), body)
    }

    private mutating func list(closing: UInt8, _ body: (inout JSONScanner) throws -> Void) throws {
        at += 1
        depth += 1
        // Far deeper than anything that a handler decodes, and far from the end of the stack.
        guard depth <= 1000 else { throw malformed() }
        space()
        if current != closing {
            while true {
                try body(&self)
                space()
                if current != UInt8(ascii: ",") { break }
                at += 1
            }
        }
        try expect(closing)
        depth -= 1
    }

    /// Returns the text with its quotes.
    private mutating func string() throws -> ArraySlice<UInt8> {
        let start = at
        try expect(UInt8(ascii: "\""))
        while let byte = current, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw malformed() }
            at += 1
            if byte == UInt8(ascii: "\\") { try escape() }
        }
        try expect(UInt8(ascii: "\""))
        guard String(validating: bytes[start..<at], as: UTF8.self) != nil else { throw malformed() }
        return bytes[start..<at]
    }

    private mutating func escape() throws {
        guard let letter = current else { throw malformed() }
        at += 1
        guard letter == UInt8(ascii: "u") else {
            guard "\"\\/bfnrt".utf8.contains(letter) else { throw malformed() }
            return
        }
        let unit = try hexadecimal()
        if (0xD800...0xDBFF).contains(unit) {
            try word("\\u")
            guard (0xDC00...0xDFFF).contains(try hexadecimal()) else { throw malformed() }
        } else if unit == 0 || (0xDC00...0xDFFF).contains(unit) {
            throw malformed()
        }
    }

    private mutating func hexadecimal() throws -> Int {
        guard at + 4 <= bytes.count,
            let unit = Int(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16),
            bytes[at] != UInt8(ascii: "+"), bytes[at] != UInt8(ascii: "-")
        else { throw malformed() }
        at += 4
        return unit
    }

    private mutating func number() throws {
        if current == UInt8(ascii: "-") { at += 1 }
        if current == UInt8(ascii: "0") { at += 1 } else { try digits() }
        if current == UInt8(ascii: ".") {
            at += 1
            try digits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            at += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { at += 1 }
            try digits()
        }
    }

    private mutating func digits() throws {
        let start = at
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { at += 1 }
        guard at > start else { throw malformed() }
    }

    private mutating func word(_ text: String) throws {
        guard bytes[at...].starts(with: text.utf8) else { throw malformed() }
        at += text.utf8.count
    }

    private mutating func expect(_ byte: UInt8) throws {
        guard current == byte else { throw malformed() }
        at += 1
    }

    private mutating func end() throws {
        space()
        guard at == bytes.count else { throw malformed() }
    }

    private mutating func space() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
    }

    private var current: UInt8? { at < bytes.count ? bytes[at] : nil }

    private func malformed() -> QueueError {
        QueueError(
            .malformedJSON, "the JSON cannot be read at byte \(at)",
            hint: "It is encrypted before it is sent, so it must be well-formed.")
    }
}
