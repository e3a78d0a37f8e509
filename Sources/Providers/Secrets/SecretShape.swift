/// What secrets look like that nobody has told of.
enum SecretShape {
    /// Beginnings of keys, and how many letters of a key must follow.
    private static let prefixes: [(prefix: [UInt8], letters: Int)] = [
        ("sk-", 16), ("xai-", 16), ("ghp_", 20), ("gho_", 20), ("ghu_", 20), ("ghs_", 20), ("ghr_", 20),
        ("github_pat_", 20), ("glpat-", 16), ("xoxb-", 16), ("xoxp-", 16), ("AIza", 30), ("hf_", 20), ("gsk_", 20),
    ].map { (Array($0.0.utf8), $0.1) }

    /// What secrets begin with.
    static let first = Set(prefixes.map { $0.prefix[0] } + Array("Aae-".utf8))

    /// The length of what looks like a secret and begins here; nil when nothing does.
    static func length(in text: UnsafeBufferPointer<UInt8>, at index: Int) -> Int? {
        if text[index] == UInt8(ascii: "-") { return privateKey(text[index...]) }
        guard index == 0 || !isLetter(text[index - 1]) else { return nil }
        let rest = text[index...]
        for (prefix, letters) in prefixes where prefix[0] == text[index] && rest.starts(with: prefix) {
            let length = rest.dropFirst(prefix.count).prefix(while: isLetter).count
            return length >= letters ? prefix.count + length : nil
        }
        return amazon(rest) ?? token(rest) ?? authorization(rest)
    }

    /// `-` and `_` belong to keys, also at a prefix's left: `task-based` holds no `sk-`.
    private static func isLetter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// An id of an AWS key: `AKIA` and 16 capitals and digits.
    private static func amazon(_ rest: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
        guard rest.starts(with: "AKIA".utf8) || rest.starts(with: "ASIA".utf8) else { return nil }
        let length = rest.prefix(while: isLetter).count
        return length == 20 ? length : nil
    }

    /// A JSON web token: three base64url parts, of which the first begins as `{"` does.
    private static func token(_ rest: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
        guard rest.starts(with: "eyJ".utf8) else { return nil }
        var length = 0
        for part in 0..<3 {
            let letters = rest.dropFirst(length).prefix(while: isLetter).count
            guard letters >= (part == 2 ? 1 : 8) else { return nil }
            length += letters
            if part == 2 { break }
            guard rest.dropFirst(length).first == UInt8(ascii: ".") else { return nil }
            length += 1
        }
        return length
    }

    /// A private key in PEM, with its end where there is one.
    private static func privateKey(_ rest: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
        guard rest.starts(with: "-----BEGIN ".utf8) else { return nil }
        let label = rest.dropFirst(11).prefix(40)
        guard let dash = label.firstIndex(of: UInt8(ascii: "-")),
            rest[label.startIndex..<dash].suffix(11).elementsEqual("PRIVATE KEY".utf8)
        else { return nil }
        let end = Array("-----END ".utf8)
        var index = dash
        while index < rest.endIndex {
            if rest[index] == UInt8(ascii: "-"), rest[index...].starts(with: end) {
                let line = rest[index...].dropFirst(end.count).prefix(while: { $0 != UInt8(ascii: "\n") })
                return line.endIndex - rest.startIndex
            }
            index += 1
        }
        return rest.count
    }

    /// An `Authorization:` header with what follows it, to the end of the line or of the quoted text.
    private static func authorization(_ rest: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
        let name = "authorization"
        guard rest.prefix(name.utf8.count).elementsEqual(name.utf8, by: { $0 | 0x20 == $1 }) else { return nil }
        var index = rest.startIndex + name.utf8.count
        let marks = Set(" \t\"':=".utf8)
        let value = rest[index...].prefix(while: { marks.contains($0) })
        guard value.contains(UInt8(ascii: ":")) || value.contains(UInt8(ascii: "=")) else { return nil }
        index = value.endIndex
        let ends = Set("\r\n\"'".utf8)
        let credentials = rest[index...].prefix(while: { !ends.contains($0) })
        guard credentials.count >= 4 else { return nil }
        return credentials.endIndex - rest.startIndex
    }
}
