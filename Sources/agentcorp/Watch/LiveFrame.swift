/// Lines that are drawn over those before, on a terminal.
struct LiveFrame {
    private let terminal: Terminal
    private var linesDrawn = 0
    private var columns = 0

    init(_ terminal: Terminal) { self.terminal = terminal }

    mutating func draw(_ lines: some Collection<String>) {
        let size = terminal.size
        // Without line breaks of the terminal's own; on a terminal that has become narrower the old lines are broken already.
        var frame = "\u{1B}[?7l"
        if linesDrawn > 0 {
            frame += size.columns < columns ? "\u{1B}[2J\u{1B}[H" : "\r\u{1B}[\(min(linesDrawn, size.rows - 1))A"
        }
        for line in lines { frame += line + "\u{1B}[K\n" }
        terminal.write(frame + "\u{1B}[J\u{1B}[?7h")
        linesDrawn = lines.count
        columns = size.columns
    }
}
