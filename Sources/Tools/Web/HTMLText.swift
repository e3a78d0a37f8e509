/// Text that grows: white space is one space, blocks stand apart by an empty line.
struct HTMLText {
    private var bytes: [UInt8] = []
    private var wantsSpace = false
    /// How many line ends must come before the next word.
    private var breaks = 0
    private var isCode = false
    private var linkStart: Int?

    var text: String { String(decoding: bytes, as: UTF8.self).trimmed }

    mutating func add(_ text: String) {
        if isCode {
            flushBreaks()
            bytes += text.utf8
            return
        }
        for byte in text.utf8 {
            if byte == 0x20 || (0x09...0x0d).contains(byte) {
                wantsSpace = true
            } else {
                flushBreaks()
                bytes.append(byte)
            }
        }
    }

    mutating func breakLine() { breaks = max(breaks, 1) }

    /// A new paragraph that begins with some mark.
    mutating func startBlock(_ mark: String) {
        guard !isCode else { return breakLine() }
        breaks = max(breaks, 2)
        start(mark)
    }

    mutating func startLine(_ mark: String) {
        breaks = max(breaks, 1)
        start(mark)
    }

    mutating func startCell() {
        guard breaks == 0, let last = bytes.last, last != UInt8(ascii: "\n") else { return }
        bytes += " | ".utf8
        wantsSpace = false
    }

    mutating func startCode() {
        startBlock("```\n")
        isCode = true
    }

    mutating func endCode() {
        guard isCode else { return }
        isCode = false
        if bytes.last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
        bytes += "```".utf8
        breaks = 2
    }

    mutating func startLink() {
        if wantsSpace { flushBreaks() }
        linkStart = bytes.count
    }

    /// What was added since the link began leads there; a link without text is not shown.
    mutating func endLink(_ target: String?) {
        defer { linkStart = nil }
        guard let target, let linkStart, bytes.count > linkStart else { return }
        // Lines before the first word belong before the bracket.
        let start = bytes[linkStart...].firstIndex { $0 > 0x20 } ?? linkStart
        bytes.insert(UInt8(ascii: "["), at: start)
        bytes += "](\(target))".utf8
    }

    private mutating func start(_ mark: String) {
        guard !mark.isEmpty else { return }
        flushBreaks()
        bytes += mark.utf8
        wantsSpace = false
    }

    private mutating func flushBreaks() {
        if breaks > 0 {
            let present = bytes.reversed().prefix { $0 == UInt8(ascii: "\n") }.count
            if !bytes.isEmpty, present < breaks {
                bytes += repeatElement(UInt8(ascii: "\n"), count: breaks - present)
            }
        } else if wantsSpace, let last = bytes.last, last > 0x20 {
            bytes.append(0x20)
        }
        breaks = 0
        wantsSpace = false
    }
}
