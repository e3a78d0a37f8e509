import Queue

/// How far a batch is, in few letters.
enum BatchText {
    static func state(_ batch: BatchRecord) -> Table.Cell {
        guard batch.state == .waiting else { return .init(batch.state.rawValue, Style(batch.state)) }
        return batch.sealed ? .init("running", .cyan) : .init("open", .yellow)
    }

    /// Rounded down: 100% is said of nothing that goes on.
    static func percent(_ batch: BatchRecord) -> String { "\(Int(batch.progress * 100))%" }

    static func bar(_ batch: BatchRecord, on terminal: Terminal) -> String {
        let width = 40
        let failed = batch.total == 0 ? 0 : (batch.failed * width + batch.total - 1) / batch.total
        let done = max(0, Int(batch.progress * Double(width)) - failed)
        let (full, empty) = terminal.usesUnicode ? ("█", "░") : ("#", ".")
        func part(_ text: String, _ count: Int, _ style: Style) -> String {
            terminal.styled(style, String(repeating: text, count: count))
        }
        return part(full, done, .green) + part(terminal.usesUnicode ? "█" : "!", failed, .red)
            + part(empty, width - done - failed, .dim)
    }
}
