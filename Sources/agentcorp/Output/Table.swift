/// Rows in aligned columns, cut to the width of the terminal.
struct Table {
    struct Column {
        let title: String
        var isRight = false
        /// Gives way when the table is wider than the terminal.
        var isFlexible = false

        init(_ title: String, isRight: Bool = false, isFlexible: Bool = false) {
            self.title = title
            self.isRight = isRight
            self.isFlexible = isFlexible
        }
    }

    struct Cell: ExpressibleByStringLiteral {
        let text: String
        let style: Style

        init(_ text: String?, _ style: Style = .plain) {
            self.text = DisplayText.printable(text ?? "")
            self.style = style
        }

        init(_ number: Int) { self.init("\(number)") }
        init(_ number: Int64) { self.init("\(number)") }
        init(stringLiteral value: String) { self.init(value) }
    }

    private let columns: [Column]
    private var rows: [[Cell]] = []

    init(_ columns: [Column]) { self.columns = columns }

    mutating func add(_ cells: [Cell]) { rows.append(cells) }

    /// The lines of the table; columns in which no row has anything are left out.
    func lines(for terminal: Terminal) -> [String] {
        let shown = columns.indices.filter { index in rows.contains { !$0[index].text.isEmpty } }
        var widths = shown.map { index in
            max(columns[index].title.count, rows.map { DisplayText.width($0[index].text) }.max() ?? 0)
        }
        shrink(&widths, shown, to: terminal.size.columns)
        let header = shown.map { Cell(columns[$0].title, .dim) }
        return ([header] + rows.map { row in shown.map { row[$0] } }).map { cells in
            line(cells, shown, widths, terminal)
        }
    }

    /// Prints the table, or, when it is empty, a word about that on stderr.
    func print(whenEmpty remark: String, on terminal: Terminal = .output) {
        if rows.isEmpty {
            Terminal.errors.line(remark)
        } else {
            terminal.write(lines(for: terminal).joined(separator: "\n") + "\n")
        }
    }

    private func line(_ cells: [Cell], _ shown: [Int], _ widths: [Int], _ terminal: Terminal) -> String {
        let ellipsis = terminal.usesUnicode ? "…" : "~"
        var line = ""
        for (position, cell) in cells.enumerated() {
            let isLast = position == cells.count - 1
            let column = columns[shown[position]]
            let text = DisplayText.fit(cell.text, widths[position], ellipsis: ellipsis)
            let padding = String(repeating: " ", count: max(0, widths[position] - DisplayText.width(text)))
            if column.isRight { line += padding }
            line += terminal.styled(cell.style, text)
            if !isLast { line += (column.isRight ? "" : padding) + "  " }
        }
        while line.last == " " { line.removeLast() }
        return line
    }

    private func shrink(_ widths: inout [Int], _ shown: [Int], to columnsThere: Int) {
        var excess = widths.reduce(0, +) + 2 * (widths.count - 1) - columnsThere
        while excess > 0 {
            let flexible = shown.indices.filter { columns[shown[$0]].isFlexible && widths[$0] > 8 }
            guard let widest = flexible.max(by: { widths[$0] < widths[$1] }) else { return }
            let others = flexible.filter { $0 != widest }.map { widths[$0] }.max() ?? 8
            let step = min(excess, max(1, widths[widest] - max(8, others)))
            widths[widest] -= step
            excess -= step
        }
    }
}
