internal import FoundationEssentials
internal import JSON

/// The forms in which a secret gets out.
enum SecretForms {
    /// Shorter secrets are words of ordinary texts.
    static let shortest = 8

    static func all(of secret: [UInt8]) -> Set<[UInt8]> {
        guard secret.count >= shortest else { return [] }
        var forms: Set<[UInt8]> = [secret, percentEncoded(secret, upper: true), percentEncoded(secret, upper: false)]
        // As a JSON string, where that is another text.
        forms.insert(Array(JSONValue.string(String(decoding: secret, as: UTF8.self)).bytes.dropFirst().dropLast()))
        // Within something longer a secret begins at any of three places of a base64 group; only the letters that it
        // alone decides are looked for.
        for offset in 0..<3 {
            let encoded = Array(Data(repeating: 0, count: offset) + secret).base64
            let first = (offset * 8 + 5) / 6
            let end = (offset + secret.count) * 8 / 6
            let letters = encoded[first..<end]
            guard letters.count >= shortest else { continue }
            forms.insert(Array(letters))
            forms.insert(
                letters.map {
                    $0 == UInt8(ascii: "+") ? UInt8(ascii: "-") : $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0
                })
        }
        return forms
    }

    private static func percentEncoded(_ bytes: [UInt8], upper: Bool) -> [UInt8] {
        let digits = Array((upper ? "0123456789ABCDEF" : "0123456789abcdef").utf8)
        return bytes.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                [byte]
            default: [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
    }
}

extension [UInt8] {
    fileprivate var base64: [UInt8] { Array(Data(self).base64EncodedData()) }
}
