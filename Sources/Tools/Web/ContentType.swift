/// What a server says its document is.
struct ContentType: Sendable, Hashable {
    /// In lower case, without parameters; empty when the server says nothing.
    let name: String
    let charset: String?

    init(_ header: String?) {
        let parts = (header ?? "").lowercased().split(separator: ";").map { String($0).trimmed }
        name = parts.first ?? ""
        charset = parts.dropFirst().first { $0.hasPrefix("charset=") }
            .map { String($0.dropFirst(8).filter { $0 != "\"" && $0 != "'" }) }
    }

    var isHTML: Bool { name == "text/html" || name == "application/xhtml+xml" }
    var isJSON: Bool { name == "application/json" || name.hasSuffix("+json") }
    var isText: Bool {
        name.hasPrefix("text/") || isHTML || isJSON || name == "application/xml" || name.hasSuffix("+xml")
            || name == "application/markdown" || name == "application/x-ndjson" || name == "application/yaml"
    }

    /// The text of a document; bytes that make none become question marks.
    func text(of bytes: [UInt8]) -> String {
        var charset = charset
        if charset == nil, isHTML { charset = Self.declared(in: bytes) }
        switch charset {
        case "iso-8859-1", "latin1", "windows-1252", "cp1252", "iso-8859-15":
            return String(String.UnicodeScalarView(bytes.map(Self.windows1252)))
        case "utf-16le":
            return String(decoding: Self.units(bytes) { UInt16($0) | UInt16($1) << 8 }, as: UTF16.self)
        case "utf-16", "utf-16be":
            return String(decoding: Self.units(bytes) { UInt16($0) << 8 | UInt16($1) }, as: UTF16.self)
        default:
            return String(
                decoding: bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes.dropFirst(3) : bytes[...], as: UTF8.self)
        }
    }

    /// From `<meta charset=...>` near the top of an HTML document.
    private static func declared(in bytes: [UInt8]) -> String? {
        let head = String(decoding: bytes.prefix(1024), as: UTF8.self).lowercased()
        guard let place = head.firstRange(of: "charset=") else { return nil }
        let name = head[place.upperBound...].drop { $0 == "\"" || $0 == "'" }
            .prefix { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
        return name.isEmpty ? nil : String(name)
    }

    private static func units(_ bytes: [UInt8], _ unit: (UInt8, UInt8) -> UInt16) -> [UInt16] {
        stride(from: 0, to: bytes.count - 1, by: 2).map { unit(bytes[$0], bytes[$0 + 1]) }
    }

    /// Browsers read Latin 1 as this, which has letters where that has control characters:
    /// https://encoding.spec.whatwg.org/index-windows-1252.txt
    private static func windows1252(_ byte: UInt8) -> Unicode.Scalar {
        let special: [Unicode.Scalar] = [
            "€", "\u{81}", "‚", "ƒ", "„", "…", "†", "‡", "ˆ", "‰", "Š", "‹", "Œ", "\u{8d}", "Ž", "\u{8f}",
            "\u{90}", "‘", "’", "“", "”", "•", "–", "—", "˜", "™", "š", "›", "œ", "\u{9d}", "ž", "Ÿ",
        ]
        return (0x80...0x9f).contains(byte) ? special[Int(byte) - 0x80] : Unicode.Scalar(byte)
    }
}
