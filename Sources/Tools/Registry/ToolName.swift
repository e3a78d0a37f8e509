/// Dotted names of tools as providers accept them: 1 to 64 of `a-z A-Z 0-9 _ -`.
///
/// `.` becomes `__`. Whatever would be mistaken for that, and every other character, becomes `_-HEX-`, its Unicode
/// scalar: `filesys.read_file` is `filesys__read_file`, `a__b` is `a_-5f-_b`. What is then longer than 64 keeps its
/// beginning and gets `_-` and a hash: only a `ToolNames` can lead such a name back.
public enum ToolName {
    /// The longest name that a provider accepts.
    public static let longest = 64

    /// The name to send. The same for the same name, always.
    public static func encode(_ name: String) -> String {
        let whole = escaped(name)
        return whole.utf8.count <= longest ? whole : shortened(whole, salt: 0)
    }

    /// The name that became this one; nil when it was shortened, or is none of ours.
    public static func decode(_ sent: String) -> String? {
        var name = String.UnicodeScalarView()
        var rest = Substring(sent).unicodeScalars
        while let scalar = rest.popFirst() {
            guard scalar == "_" else {
                guard isPlain(scalar) else { return nil }
                name.append(scalar)
                continue
            }
            switch rest.first {
            case "_":
                rest.removeFirst()
                name.append(".")
            case "-":
                rest.removeFirst()
                let digits = rest.prefix { $0 != "-" }
                guard digits.endIndex < rest.endIndex, let value = UInt32(String(digits), radix: 16),
                    let escaped = Unicode.Scalar(value)
                else { return nil }
                rest = rest[digits.endIndex...].dropFirst()
                name.append(escaped)
            default:
                name.append("_")
            }
        }
        // A text that says the same in another way is none of ours either.
        let decoded = String(name)
        return escaped(decoded) == sent ? decoded : nil
    }

    static func escaped(_ name: String) -> String {
        let scalars = Array(name.unicodeScalars)
        var text = ""
        for (index, scalar) in scalars.enumerated() {
            let next = index + 1 < scalars.count ? scalars[index + 1] : nil
            if scalar == "." {
                text += "__"
            } else if scalar == "_" && (next.map { isPlain($0) && $0 != "-" } ?? true) || isPlain(scalar) {
                text.unicodeScalars.append(scalar)
            } else {
                text += "_-\(String(scalar.value, radix: 16))-"
            }
        }
        return text
    }

    /// The salt tells names apart whose hashes are equal.
    static func shortened(_ whole: String, salt: UInt8) -> String {
        // FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in Array(whole.utf8) + [salt] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        var beginning = whole.prefix(longest - 18)
        // Together with what follows it would be a dot.
        while beginning.last == "_" { beginning.removeLast() }
        return beginning + "_-" + String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "-": true
        default: false
        }
    }
}
