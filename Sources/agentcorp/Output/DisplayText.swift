/// How many columns text takes, and how to make it fit.
enum DisplayText {
    /// Text for one line: control characters, which could move the cursor or hide things, become spaces.
    static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var result = ""
        result.unicodeScalars.append(contentsOf: text.unicodeScalars.map { isControl($0) ? " " : $0 })
        return result
    }

    /// Text of several lines: line breaks and tabs stay.
    static func streamed(_ text: String) -> String {
        var result = ""
        result.unicodeScalars.append(
            contentsOf: text.unicodeScalars.map { isControl($0) && $0 != "\n" && $0 != "\t" ? " " : $0 })
        return result
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        // Overrides of the writing direction can make text read as something else.
        case .format: (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
        default: false
        }
    }

    static func width(_ text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.reduce(0) { $0 + width($1) }
    }

    /// Cuts text that is wider than `columns`, with a sign that something is missing.
    static func fit(_ text: String, _ columns: Int, ellipsis: String) -> String {
        guard width(text) > columns else { return text }
        var result = ""
        var room = columns - width(ellipsis)
        guard room >= 0 else { return String(ellipsis.prefix(max(0, columns))) }
        for character in text {
            room -= width(character)
            guard room >= 0 else { break }
            result.append(character)
        }
        return result + ellipsis
    }

    static func pad(_ text: String, to columns: Int, right: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, columns - width(text)))
        return right ? space + text : text + space
    }

    /// East Asian wide characters and emoji take two columns, marks that combine with others none.
    private static func width(_ character: Character) -> Int {
        guard let first = character.unicodeScalars.first else { return 0 }
        switch first.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF,
            0x20000...0x3FFFD:
            return 2
        default:
            return first.properties.generalCategory == .nonspacingMark ? 0 : 1
        }
    }
}
