import JSON

/// A JSON document as lines for people, who decide by what they see: whatever is no plain character is spelled out.
enum JSONLines {
    static func lines(_ value: JSONValue, indent: String = "") -> [String] {
        switch value {
        case .object(let members) where !members.isEmpty:
            block("{", members.sorted { $0.key < $1.key }.map { (text($0.key) + ": ", $0.value) }, "}", indent)
        case .array(let elements) where !elements.isEmpty: block("[", elements.map { ("", $0) }, "]", indent)
        case .string(let string): [text(string)]
        default: [value.text]
        }
    }

    private static func block(
        _ start: String, _ parts: [(label: String, value: JSONValue)], _ end: String, _ indent: String
    ) -> [String] {
        let inner = indent + "  "
        var lines = [start]
        for (index, part) in parts.enumerated() {
            var below = Self.lines(part.value, indent: inner)
            below[0] = inner + part.label + below[0]
            if index < parts.count - 1 { below[below.count - 1] += "," }
            lines += below
        }
        return lines + [indent + end]
    }

    /// In quotes, with what cannot be seen, or changes how others are seen, as `\u200b`.
    private static func text(_ string: String) -> String {
        var result = ""
        for scalar in JSONValue.string(string).text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned, .surrogate:
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            case .spaceSeparator where scalar != " ":
                result +=
                    "\\u" + String(repeating: "0", count: 4 - String(scalar.value, radix: 16).count)
                    + String(scalar.value, radix: 16)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
