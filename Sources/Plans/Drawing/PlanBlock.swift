/// A rectangle of characters.
struct PlanBlock {
    struct Glyph: Hashable {
        var character: Character
        var ink: PlanDrawing.Ink
    }

    private(set) var rows: [[Glyph]] = []

    var width: Int { rows.map(\.count).max() ?? 0 }
    var height: Int { rows.count }

    static let blank = Glyph(character: " ", ink: .line)

    init() {}

    init(width: Int, height: Int) {
        rows = [[Glyph]](repeating: [Glyph](repeating: Self.blank, count: width), count: height)
    }

    /// A line of pieces, cut where it is too long.
    mutating func add(_ pieces: [(PlanDrawing.Ink, String)], width: Int) {
        let glyphs = pieces.flatMap { ink, text in Self.printable(text).map { Glyph(character: $0, ink: ink) } }
        rows.append(Self.cut(glyphs, width))
    }

    mutating func add(_ row: [Glyph]) { rows.append(row) }

    mutating func add(_ other: PlanBlock) { rows += other.rows }

    /// Puts another one on top of this one.
    mutating func put(_ other: PlanBlock, column: Int, row: Int) {
        for (y, line) in other.rows.enumerated() {
            for (x, glyph) in line.enumerated() { rows[row + y][column + x] = glyph }
        }
    }

    mutating func put(_ character: Character, _ ink: PlanDrawing.Ink = .line, column: Int, row: Int) {
        rows[row][column] = Glyph(character: character, ink: ink)
    }

    static func cut(_ glyphs: [Glyph], _ width: Int) -> [Glyph] {
        guard glyphs.count > width, width > 0 else { return glyphs }
        return glyphs.prefix(width - 1) + [Glyph(character: "…", ink: glyphs[width - 1].ink)]
    }

    /// Without what a terminal would obey, and in characters of one column each.
    static func printable(_ text: String) -> String {
        String(
            text.map { character in
                guard let scalar = character.unicodeScalars.first else { return " " }
                if scalar.properties.generalCategory == .control || scalar.properties.isWhitespace { return " " }
                if scalar.properties.generalCategory == .format { return "?" }
                // What takes two columns would shift the lines behind it.
                return scalar.properties.isEmojiPresentation || (0x1100...0x115F).contains(scalar.value)
                    || (0x2E80...0xA4CF).contains(scalar.value) || (0xAC00...0xD7A3).contains(scalar.value)
                    || (0xF900...0xFAFF).contains(scalar.value) || (0xFE30...0xFE6F).contains(scalar.value)
                    || (0xFF00...0xFF60).contains(scalar.value) || scalar.value >= 0x1F300 ? "?" : character
            })
    }

    func text(usesUnicode: Bool, styled: (PlanDrawing.Ink, String) -> String) -> String {
        rows.map { row in
            var line = ""
            var rest = row[...]
            while let last = rest.last, last.character == " " { rest.removeLast() }
            while let first = rest.first {
                let run = rest.prefix { $0.ink == first.ink }
                let text = String(run.map { usesUnicode ? $0.character : Self.ascii($0.character) })
                line += styled(first.ink, text)
                rest = rest.dropFirst(run.count)
            }
            return line + "\n"
        }.joined()
    }

    private static func ascii(_ character: Character) -> Character {
        switch character {
        case "│", "┆": "|"
        case "─", "┄": "-"
        case "●": "o"
        case "▼": "v"
        case "…": "~"
        case "≤": "<"
        case "╭", "╮", "╰", "╯", "├", "┤", "┬", "┴", "┼": "+"
        default: character.isASCII ? character : "?"
        }
    }
}
