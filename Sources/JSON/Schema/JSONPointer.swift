/// Writes and follows JSON pointers (RFC 6901).
package enum JSONPointer {
    static func text(_ steps: some Sequence<String>) -> String {
        steps.reduce(into: "") { $0 += "/" + escape($1) }
    }

    package static func escape(_ step: String) -> String {
        guard step.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return step }
        return step.reduce(into: "") { text, character in
            switch character {
            case "~": text += "~0"
            case "/": text += "~1"
            default: text.append(character)
            }
        }
    }

    /// The steps of a pointer as the fragment of a URI has it; nil when it is none.
    static func steps(ofFragment fragment: some StringProtocol) -> [String]? {
        guard !fragment.isEmpty else { return [] }
        guard fragment.hasPrefix("/"), let text = decoded(fragment) else { return nil }
        return text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(unescape)
    }

    static func value(_ steps: [String], in root: JSONValue) -> JSONValue? {
        var value = root
        for step in steps {
            switch value {
            case .object(let members):
                guard let member = members[step] else { return nil }
                value = member
            case .array(let elements):
                guard let index = Int(step), elements.indices.contains(index) else { return nil }
                value = elements[index]
            default:
                return nil
            }
        }
        return value
    }

    static func unescape(_ step: some StringProtocol) -> String {
        var text = ""
        var isEscaped = false
        for character in step {
            switch (isEscaped, character) {
            case (true, "1"): text += "/"
            case (true, "0"): text += "~"
            case (true, _): text += "~\(character)"
            case (false, "~"):
                isEscaped = true
                continue
            case (false, _): text.append(character)
            }
            isEscaped = false
        }
        return isEscaped ? text + "~" : text
    }

    /// Without the percent signs of a URI; nil when these are wrong.
    private static func decoded(_ fragment: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(fragment.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2 else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
