/// Names of hosts as DNS knows them.
enum HostName {
    /// The name in lower-case ASCII, labels of other scripts in Punycode; nil when it has characters that no name has.
    ///
    /// Only letters, digits and hyphens of any script are let through. Compatibility forms are not folded: full-width
    /// digits make a name that no server has, not an address.
    static func ascii(_ name: some StringProtocol) -> String? {
        var labels = name.lowercased().split(separator: ".", omittingEmptySubsequences: false)
        // The dot at the end says that the name is complete.
        if labels.count > 1, labels.last == "" { labels.removeLast() }
        var result: [String] = []
        for label in labels {
            guard !label.isEmpty, let ascii = label.utf8.allSatisfy({ $0 < 0x80 }) ? plain(label) : punycode(label),
                ascii.utf8.count <= 63
            else { return nil }
            result.append(ascii)
        }
        let whole = result.joined(separator: ".")
        return whole.isEmpty || whole.utf8.count > 253 ? nil : whole
    }

    private static func plain(_ label: Substring) -> String? {
        let isPlain = label.utf8.allSatisfy { byte in
            (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2d || byte == 0x5f
        }
        return isPlain ? String(label) : nil
    }

    /// RFC 3492, 6.3.
    private static func punycode(_ label: Substring) -> String? {
        let scalars = Array(label.unicodeScalars)
        guard scalars.count <= 63, scalars.allSatisfy(isOfName) else { return nil }
        var output = scalars.filter(\.isASCII).map { Character($0) }
        let basic = output.count
        if basic > 0 { output.append("-") }
        var handled = basic
        var (n, delta, bias) = (128, 0, 72)
        while handled < scalars.count {
            guard let next = scalars.map({ Int($0.value) }).filter({ $0 >= n }).min() else { return nil }
            delta += (next - n) * (handled + 1)
            n = next
            for scalar in scalars {
                if scalar.value < n { delta += 1 }
                guard scalar.value == n else { continue }
                var quotient = delta
                for k in stride(from: 36, to: .max, by: 36) {
                    let threshold = min(max(k - bias, 1), 26)
                    guard quotient >= threshold else { break }
                    output.append(digit(threshold + (quotient - threshold) % (36 - threshold)))
                    quotient = (quotient - threshold) / (36 - threshold)
                }
                output.append(digit(quotient))
                bias = adapted(delta, handled + 1, isFirst: handled == basic)
                delta = 0
                handled += 1
            }
            delta += 1
            n += 1
        }
        return "xn--" + String(output)
    }

    private static func isOfName(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .lowercaseLetter, .otherLetter, .modifierLetter, .nonspacingMark, .spacingMark, .decimalNumber: true
        default: scalar == "-"
        }
    }

    private static func digit(_ value: Int) -> Character {
        Character(Unicode.Scalar(UInt8(value < 26 ? 0x61 + value : 0x30 + value - 26)))
    }

    private static func adapted(_ delta: Int, _ count: Int, isFirst: Bool) -> Int {
        var delta = isFirst ? delta / 700 : delta / 2
        delta += delta / count
        var k = 0
        while delta > 455 {
            delta /= 35
            k += 36
        }
        return k + 36 * delta / (delta + 38)
    }
}
