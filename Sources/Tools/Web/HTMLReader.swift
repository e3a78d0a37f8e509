/// Reads HTML as a person would: what is shown, in its order, with headings, lists, tables and links in Markdown.
///
/// It is no parser: tags are taken as they come, so that it ends in one pass over whatever a page may be.
struct HTMLReader {
    private let bytes: [UInt8]
    private let base: WebURL
    private var place = 0
    private var title: String?
    /// Everything, and what is within `main` or `article` without navigation.
    private var all = HTMLText()
    private var main = HTMLText()
    /// How many of these are open.
    private var mainDepth = 0
    private var asideDepth = 0
    /// The element whose content is not shown, and how many of its name are open.
    private var hidden: (name: String, depth: Int)?
    private var link: WebURL?
    /// To take an address apart costs more than all else: a page of nothing but links keeps the first ones.
    private var linksLeft = 1000

    private static let invisible: Set<String> = [
        "template", "svg", "noscript", "iframe", "object", "canvas", "select", "datalist", "audio", "video", "math",
    ]
    private static let raw: Set<String> = ["script", "style", "textarea", "title", "xmp"]
    private static let aside: Set<String> = ["nav", "aside", "footer", "form"]
    private static let blocks: Set<String> = [
        "p", "div", "section", "article", "main", "header", "footer", "nav", "aside", "ul", "ol", "dl", "dt", "dd",
        "table", "blockquote", "figure", "figcaption", "form", "fieldset", "details", "summary", "address", "body",
    ]

    init(_ text: String, base: WebURL) {
        bytes = Array(text.utf8)
        self.base = base
    }

    mutating func read() -> (title: String?, text: String) {
        while place < bytes.count {
            if bytes[place] == UInt8(ascii: "<"), let next = peek(1), isMarkup(next) {
                readMarkup(next)
            } else {
                let end = bytes[(place + 1)...].firstIndex(of: UInt8(ascii: "<")) ?? bytes.count
                show(HTMLEntities.decoded(bytes[place..<end]))
                place = end
            }
        }
        let chosen = main.text
        return (title, chosen.count >= 200 ? chosen : all.text)
    }

    private func peek(_ offset: Int) -> UInt8? { place + offset < bytes.count ? bytes[place + offset] : nil }

    private func isMarkup(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "!") || byte == UInt8(ascii: "?") || isLetter(byte)
    }

    private func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) }

    private mutating func show(_ text: String) {
        guard hidden == nil else { return }
        all.add(text)
        if mainDepth > 0, asideDepth == 0 { main.add(text) }
    }

    private mutating func write(_ change: (inout HTMLText) -> Void) {
        guard hidden == nil else { return }
        change(&all)
        if mainDepth > 0, asideDepth == 0 { change(&main) }
    }

    private mutating func readMarkup(_ next: UInt8) {
        switch next {
        case UInt8(ascii: "!") where bytes[place...].starts(with: "<!--".utf8):
            skip(past: "-->", from: place + 4)
        case UInt8(ascii: "!"), UInt8(ascii: "?"):
            skip(past: ">", from: place)
        case UInt8(ascii: "/"):
            place += 2
            let name = readName()
            skip(past: ">", from: place)
            close(name)
        default:
            place += 1
            let name = readName()
            let attributes = readAttributes()
            open(name, attributes)
        }
    }

    private mutating func skip(past end: String, from start: Int) {
        let end = Array(end.utf8)
        var index = start
        while index < bytes.count, !bytes[index...].starts(with: end) { index += 1 }
        place = min(bytes.count, index + end.count)
    }

    private mutating func readName() -> String {
        let start = place
        while place < bytes.count, isLetter(bytes[place]) || (0x30...0x39).contains(bytes[place]) { place += 1 }
        return String(decoding: bytes[start..<place].prefix(20), as: UTF8.self).lowercased()
    }

    /// Up to and with the `>`. Of the values only those that are shown are kept.
    private mutating func readAttributes() -> [String: String] {
        var attributes: [String: String] = [:]
        while place < bytes.count, bytes[place] != UInt8(ascii: ">") {
            let start = place
            while let byte = peek(0), isNamePart(byte) { place += 1 }
            let name = String(decoding: bytes[start..<place].prefix(20), as: UTF8.self).lowercased()
            skipSpace()
            if peek(0) == UInt8(ascii: "=") {
                place += 1
                skipSpace()
                let value = readValue()
                if name == "href" || name == "alt" { attributes[name] = HTMLEntities.decoded(value) }
            } else if place == start {
                place += 1
            }
        }
        place = min(bytes.count, place + 1)
        return attributes
    }

    private func isNamePart(_ byte: UInt8) -> Bool { byte > 0x20 && !"=>/\"'".utf8.contains(byte) }

    private mutating func skipSpace() {
        while let byte = peek(0), byte <= 0x20 { place += 1 }
    }

    private mutating func readValue() -> ArraySlice<UInt8> {
        guard let quote = peek(0), quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            let start = place
            while let byte = peek(0), byte > 0x20, byte != UInt8(ascii: ">") { place += 1 }
            return bytes[start..<place]
        }
        let start = place + 1
        let end = bytes[start...].firstIndex(of: quote) ?? bytes.count
        place = min(bytes.count, end + 1)
        return bytes[start..<end]
    }

    private mutating func open(_ name: String, _ attributes: [String: String]) {
        if let hidden {
            if hidden.name == name { self.hidden = (name, hidden.depth + 1) }
            return
        }
        if Self.invisible.contains(name) {
            hidden = (name, 1)
        } else if Self.raw.contains(name) {
            readRaw(name)
        }
        if Self.aside.contains(name) { asideDepth += 1 }
        if name == "main" || name == "article" { mainDepth += 1 }
        switch name {
        case "br": write { $0.breakLine() }
        case "hr": write { $0.startBlock("---\n") }
        case "h1", "h2", "h3", "h4", "h5", "h6":
            let level = Int(name.dropFirst()) ?? 1
            write { $0.startBlock(String(repeating: "#", count: level) + " ") }
        case "li": write { $0.startLine("- ") }
        case "tr": write { $0.startLine("") }
        case "td", "th": write { $0.startCell() }
        case "pre": write { $0.startCode() }
        case "img":
            if let alt = attributes["alt"]?.trimmed, !alt.isEmpty { show(" [image: \(alt.prefix(200))] ") }
        case "a":
            if let reference = attributes["href"], linksLeft > 0 { link = target(reference) } else { link = nil }
            write { $0.startLink() }
        case _ where Self.blocks.contains(name): write { $0.startBlock("") }
        default: break
        }
    }

    private mutating func target(_ reference: String) -> WebURL? {
        guard !reference.hasPrefix("#") else { return nil }
        linksLeft -= 1
        return try? base.resolving(reference)
    }

    private mutating func close(_ name: String) {
        if let hidden {
            guard hidden.name == name else { return }
            self.hidden = hidden.depth > 1 ? (name, hidden.depth - 1) : nil
            return
        }
        switch name {
        case "h1", "h2", "h3", "h4", "h5", "h6": write { $0.startBlock("") }
        case "tr", "li": write { $0.breakLine() }
        case "pre": write { $0.endCode() }
        case "a":
            let target = link?.text
            write { $0.endLink(target) }
            link = nil
        case _ where Self.blocks.contains(name): write { $0.startBlock("") }
        default: break
        }
        if Self.aside.contains(name) { asideDepth = max(0, asideDepth - 1) }
        if name == "main" || name == "article" { mainDepth = max(0, mainDepth - 1) }
    }

    /// The content of an element that holds no markup, up to its end.
    private mutating func readRaw(_ name: String) {
        let start = place
        var end = start
        let mark = Array("</\(name)".utf8)
        while end < bytes.count, !isEnd(mark, at: end) { end += 1 }
        if name == "title", title == nil {
            let text = HTMLEntities.decoded(bytes[start..<end]).split(whereSeparator: \.isWhitespace)
            title = String(text.joined(separator: " ").prefix(300))
        }
        place = end
        skip(past: ">", from: end)
    }

    private func isEnd(_ mark: [UInt8], at index: Int) -> Bool {
        guard bytes[index] == mark[0], index + mark.count <= bytes.count else { return false }
        return zip(bytes[index...], mark).allSatisfy { ($0 | 0x20) == ($1 | 0x20) }
    }
}
